import { resolve } from 'node:path';
import type { GroupPolicy } from '../alerts/noise/group-policy.ts';
import { type MaintenanceConfig, occurrencesOf } from '../alerts/noise/maintenance.ts';
import { parseMatcher } from '../alerts/noise/matcher.ts';
import type { NoiseConfig } from '../alerts/noise/noise-control.ts';
import type { TopologyConfig } from '../alerts/noise/topology.ts';
import { isTimeZone, zonedTime } from '../alerts/noise/zoned-time.ts';
import { ForewarnError, messageOf } from '../errors.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';
import { readFile } from './secret.ts';

interface Context {
  readonly baseDir: string;
  readonly problems: Problem[];
}

type WindowFile = ConfigFile['maintenance'][number];
type RuleFile = ConfigFile['topology'][number];
/** A recurring window longer than this is no maintenance: take the assets out of service. */
const LONGEST_WINDOW_MS = 31 * 86_400_000;

/** What keeps alerts few, with durations as milliseconds and calendars read; what is wrong becomes a problem. */
export function noiseConfig(file: ConfigFile, context: Context): NoiseConfig {
  const { problems } = context;
  problems.push(...namedTwice('maintenance', file.maintenance), ...namedTwice('topology', file.topology));
  const { every, low, high } = file.flapping;
  if (low >= high) {
    const mend = `Set it to less than ${high}; the gap between the two is what keeps it from flapping itself.`;
    problems.push({ path: 'flapping.low', value: low, message: `is not below \`high\` (${high})`, mend });
  }
  return {
    maintenance: file.maintenance.flatMap(
      (window, i) => windowConfig(window, `maintenance.${i}`, context) ?? [],
    ),
    topology: file.topology.flatMap((rule, i) => ruleConfig(rule, `topology.${i}`, file, problems) ?? []),
    flapping: { everyMs: durationMs(every), low, high },
  };
}

/** When alerts are told together, with durations as milliseconds; what is wrong becomes a problem. */
export function groupingConfig(
  { grouping }: ConfigFile,
  { problems }: Pick<Context, 'problems'>,
): GroupPolicy {
  const { by, wait, interval, flood } = grouping;
  const [waitMs, intervalMs, withinMs] = [durationMs(wait), durationMs(interval), durationMs(flood.within)];
  const say = (option: string, value: unknown, message: string, mend: string) => {
    problems.push({ path: `grouping.${option}`, value, message, mend });
  };
  const double = by.findIndex((name, i) => by.indexOf(name) !== i);
  if (double >= 0) say(`by.${double}`, by[double], 'is named twice', 'Remove one of the two.');
  if (waitMs > intervalMs)
    say('wait', wait, `is longer than \`interval\` (${interval})`, 'Make it the shorter of the two.');
  if (flood.alerts > 0 && withinMs < intervalMs) {
    const mend =
      'Make it at least as long as `interval`: in a flood it is the time between two notifications.';
    say('flood.within', flood.within, `is shorter than \`interval\` (${interval})`, mend);
  }
  return { by, waitMs, intervalMs, flood: { alerts: flood.alerts, withinMs } };
}

/** Names that occur more than once in a list of a section. */
export function namedTwice(section: string, named: readonly { readonly name: string }[]): Problem[] {
  return named.flatMap(({ name }, i) => {
    if (named.findIndex((other) => other.name === name) === i) return [];
    const mend = 'Give every one its own name; the history of alerts says it.';
    return [{ path: `${section}.${i}.name`, value: name, message: 'is used twice', mend }];
  });
}

function windowConfig(window: WindowFile, path: string, context: Context): MaintenanceConfig | null {
  const { problems } = context;
  const before = problems.length;
  const say = (option: string, value: unknown, message: string, mend: string) => {
    problems.push({ path: `${path}.${option}`, value, message, mend });
  };
  const { name, match, timezone, start, rrule, calendar } = window;
  const durationOfOne = durationMs(window.duration);
  problems.push(...matcherProblems(`${path}.match`, match));
  if (!isTimeZone(timezone))
    say('timezone', timezone, 'is no time zone', 'Write it like Europe/Berlin, or UTC.');
  if ((start === undefined) === (calendar === undefined))
    say('start', start, 'or `calendar`: give one of the two', 'They say when the work takes place.');
  if (calendar !== undefined && rrule !== undefined)
    say(
      'rrule',
      rrule,
      'has no use beside `calendar`',
      'The events of the file recur by themselves: remove it.',
    );
  if (durationOfOne <= 0 || durationOfOne > LONGEST_WINDOW_MS)
    say('duration', window.duration, 'is nothing, or more than 31 days', 'Make it something like 2h.');
  if (start !== undefined && !isLocalTime(start))
    say('start', start, 'is no date and time', 'Write it like 2026-01-05T06:00.');
  if (problems.length > before) return null;
  const text =
    calendar === undefined
      ? null
      : readFile(resolve(context.baseDir, calendar), calendar, `${path}.calendar`, context);
  if (problems.length > before) return null;
  const config: MaintenanceConfig = {
    name,
    match,
    timezone,
    when:
      text === null
        ? { start: start ?? '', durationMs: durationOfOne, rule: rrule ?? null }
        : { calendar: text },
  };
  try {
    occurrencesOf(config);
    return config;
  } catch (error) {
    const option = text === null ? 'rrule' : 'calendar';
    say(option, text === null ? rrule : calendar, messageOf(error), hintOf(error));
    return null;
  }
}

function isLocalTime(text: string): boolean {
  try {
    zonedTime(text, 'UTC');
    return true;
  } catch {
    return false;
  }
}

function ruleConfig(
  rule: RuleFile,
  path: string,
  { classes }: ConfigFile,
  problems: Problem[],
): TopologyConfig | null {
  const before = problems.length;
  const say = (option: string, value: unknown, message: string, mend: string) => {
    problems.push({ path: `${path}.${option}`, value, message, mend });
  };
  const { name, source, silent_for: silentFor, channel, below, above, mutes, same } = rule;
  problems.push(...matcherProblems(`${path}.source`, source), ...matcherProblems(`${path}.mutes`, mutes));
  if (source.length === 0) say('source', source, 'names no asset', 'Write it like asset=gateway.');
  if ((silentFor === undefined) === (channel === undefined))
    say('silent_for', silentFor, 'or `channel`: give one of the two', 'It says when the source is down.');
  if (channel !== undefined && below === undefined && above === undefined)
    say('below', below, 'and `above` are missing', 'Say at which reading the source is down.');
  if (channel === undefined && (below !== undefined || above !== undefined))
    say('below', below ?? above, 'has no use without `channel`', 'Add the channel that it is about.');
  if (
    channel !== undefined &&
    !Object.values(classes).some(({ channels }) => Object.hasOwn(channels, channel))
  )
    say('channel', channel, 'is a channel of no class', 'Look at the names under `classes`.');
  const shortest = Math.min(
    ...Object.values(classes).flatMap(({ alert }) => durationMs(alert.silent_after) || []),
  );
  if (silentFor !== undefined && durationMs(silentFor) >= shortest) {
    const mend = `Make it shorter than ${shortest} ms, or alerts are told before the source is known to be down.`;
    say('silent_for', silentFor, 'is not shorter than every `silent_after`', mend);
  }
  if (problems.length > before) return null;
  const when =
    channel === undefined
      ? { silentForMs: durationMs(silentFor ?? '0s') }
      : { channel, below: below ?? null, above: above ?? null };
  return { name, source, when, mutes, same, keepForMs: durationMs(rule.keep_for) };
}

/** Texts that are no matchers. */
export function matcherProblems(path: string, matchers: readonly string[]): Problem[] {
  return matchers.flatMap((text, i) => {
    try {
      parseMatcher(text);
      return [];
    } catch (error) {
      return [{ path: `${path}.${i}`, value: text, message: messageOf(error), mend: hintOf(error) }];
    }
  });
}

function hintOf(error: unknown): string {
  return (error instanceof ForewarnError && error.hint) || 'See docs/noise.md.';
}
