import type { EscalationConfig } from '../alerts/escalation.ts';
import { INFLUX_SINK } from '../alerts/influx/sink-name.ts';
import { EMAIL_SINK, MQTT_SINK } from '../alerts/sinks/sink-names.ts';
import type { AlertPriority } from '../types.ts';
import { durationMs } from './duration.ts';
import { matcherProblems, namedTwice } from './noise-config.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';

/** Whom alerts go to that nobody acknowledges, with durations as milliseconds; what is wrong becomes a problem. */
export function escalationConfig(
  file: ConfigFile,
  { problems }: { readonly problems: Problem[] },
): readonly EscalationConfig[] {
  problems.push(...namedTwice('escalation', file.escalation));
  return file.escalation.map(({ name, after, sinks, match, priority }, i) => {
    problems.push(...matcherProblems(`escalation.${i}.match`, match), ...sinkProblems(file, i));
    return { name, afterMs: durationMs(after), sinks, match, priority: priority as AlertPriority };
  });
}

function sinkProblems(file: ConfigFile, step: number): Problem[] {
  const { sinks } = file.escalation[step]!;
  return sinks.flatMap((sink, i) => {
    const say = (message: string, mend: string) => [
      { path: `escalation.${step}.sinks.${i}`, value: sink, message, mend },
    ];
    if (sinks.indexOf(sink) !== i) return say('is named twice', 'Remove one of the two.');
    const webhook = file.webhooks.find(({ name }) => name === sink);
    if (webhook?.format === 'alertmanager_api' || sink === MQTT_SINK || sink === INFLUX_SINK)
      return say('shows what stands, and hears of every alert', 'Name another webhook, or `email`.');
    if (webhook !== undefined || (sink === EMAIL_SINK && file.email.host !== undefined)) return [];
    const known = [
      ...file.webhooks.filter(({ format }) => format !== 'alertmanager_api').map(({ name }) => name),
      ...(file.email.host === undefined ? [] : [EMAIL_SINK]),
    ];
    return say(
      'is no place that alerts go to',
      known.length === 0 ? 'Add it to `webhooks`, or set `email`.' : `One of ${known.join(', ')}.`,
    );
  });
}
