import type { Timed } from '../api/timed.ts';
import type { WhyNotBody } from '../api/why-not-schemas.ts';
import { dataFindings } from './data-findings.ts';
import { durationText, type Finding, finding, timeText } from './finding.ts';
import { scoreFindings } from './score-findings.ts';
import type { WhyNotSnapshot } from './snapshot.ts';

/**
 * Why the asset is not alerting. Pure. Alerts that fire come first; then, in the order of the data path, what keeps the
 * model from a verdict, what keeps a verdict from an alert, and who keeps an alert from people. There is always one.
 */
export function findingsOf(snapshot: WhyNotSnapshot): readonly Finding[] {
  const { firing } = snapshot;
  const fires = firing.some(({ rule }) => rule === 'anomaly');
  return [
    ...firing.map(({ id, rule, firedAt, operatorState, summary }) =>
      finding(
        'alert_firing',
        `Alert ${id} (${rule}) fires since ${timeText(firedAt)} and is ${operatorState.replaceAll('_', ' ')}: ${summary}`,
        { rule, alert: id, sinceAt: firedAt },
      ),
    ),
    ...lineFindings(snapshot),
    ...dataFindings(snapshot),
    ...(fires ? [] : scoreFindings(snapshot)),
    ...holdFindings(snapshot),
    ...muteFindings(snapshot),
  ];
}

/** What stands still for all assets. */
function lineFindings({ mqtt, journalError }: WhyNotSnapshot): Finding[] {
  const found: Finding[] = [];
  if (mqtt.state !== 'connected')
    found.push(
      finding('not_connected', `No messages arrive: MQTT is ${mqtt.state} since ${timeText(mqtt.since)}.`, {
        sinceAt: mqtt.since,
      }),
    );
  if (journalError !== null)
    found.push(finding('journal_failing', `Alerts cannot be written: ${journalError}`));
  return found;
}

const holdWords = { shelved: 'shelved', out_of_service: 'out of service' };

function holdFindings({ holds }: WhyNotSnapshot): Finding[] {
  return holds.map(({ kind, of, since, until, by, reason }) => {
    const what = {
      alarm: of.scope === 'alarm' ? `Its alarm ${of.rule} is` : '',
      asset: 'It is',
      class: of.scope === 'class' ? `All of class ${of.className} is` : '',
    }[of.scope];
    const end = until === null ? 'until somebody ends it' : `until ${timeText(until)}`;
    return finding(kind, `${what} ${holdWords[kind]} ${end}, by ${by} since ${timeText(since)}: ${reason}`, {
      rule: of.scope === 'alarm' ? of.rule : null,
      sinceAt: since,
      untilAt: until,
      by,
      comment: reason,
    });
  });
}

function muteFindings({ mute, now }: WhyNotSnapshot): Finding[] {
  if (mute === null) return [];
  const { reason, name, by, why, until } = mute;
  const end = until === null ? '' : `, for another ${durationText(Math.max(0, until - now))}`;
  return [
    finding(
      reason,
      `Alerts of the model are kept from people by ${reason}${name === null ? '' : ` ${name}`}${by === null ? '' : ` of ${by}`}${end}: ${why}`,
      { untilAt: until, by, comment: why, rule: 'anomaly' },
    ),
  ];
}

/** The answer of the API. */
export function whyNotBody(snapshot: WhyNotSnapshot): Timed<WhyNotBody> {
  const { assetId, asset, firing } = snapshot;
  return {
    asset: assetId,
    class: asset?.asset.className ?? null,
    alerting: firing.length > 0,
    findings: findingsOf(snapshot),
  };
}
