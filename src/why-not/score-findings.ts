import type { AssetDetail } from '../fleet/view.ts';
import { confidenceOf } from '../types.ts';
import { durationText, type Finding, finding } from './finding.ts';
import type { WhyNotSnapshot } from './snapshot.ts';

const mostChannels = 3;

/** Why the score of the newest window is no alert; empty while that window has none. */
export function scoreFindings({ asset, line, episode }: WhyNotSnapshot): Finding[] {
  if (asset === null || line === null || asset.score === null || asset.reason !== null) return [];
  const { raise, raiseOn, forMs } = line.config.alert;
  const score = asset.score;
  const channels = guilty(asset);
  const figures = { have: score, need: raise, channels: channels.map(({ name }) => name) };
  const pending = episode?.phase === 'pending' ? episode : null;
  const active = pending?.recent.filter((one) => one !== null).length ?? 0;
  const found: Finding[] = [];
  if (score < raise)
    found.push(finding('below_threshold', scoreText(asset, score, raise, channels), figures));
  else if (asset.lastScores.at(-1)?.outcome === 'normal')
    found.push(
      finding(
        'tolerated',
        `Its score is ${score.toFixed(2)}, but its class does not mind what deviates: see \`deviation\` of ${figures.channels.join(', ')}.`,
        figures,
      ),
    );
  // A window that is anomalous and no episode: the first one has not been taken up.
  else if (pending === null) found.push(tooFew(0, raiseOn));
  if (pending === null) return found;
  if (active < raiseOn.windows) return [...found, tooFew(active, raiseOn)];
  return [
    ...found,
    finding(
      'not_long_enough',
      `It has been anomalous for ${durationText(pending.activeMs)}, and \`for\` asks for ${durationText(forMs)}.`,
      { have: pending.activeMs, need: forMs, sinceAt: pending.startedAt },
    ),
  ];
}

function tooFew(active: number, raiseOn: { readonly windows: number; readonly of: number }): Finding {
  return finding(
    'too_few_windows',
    `${active} of its last ${raiseOn.of} windows are anomalous, and \`raise_on\` asks for ${raiseOn.windows}.`,
    { have: active, need: raiseOn.windows },
  );
}

function scoreText(
  asset: AssetDetail,
  score: number,
  raise: number,
  channels: readonly { readonly name: string; readonly share: number }[],
): string {
  const values = asset.lastScores.flatMap(({ value }) => (value === null ? [] : [value]));
  const shares = channels.map(({ name, share }) => `${name} (${Math.round(share * 100)} %)`).join(', ');
  const detector = asset.detector === null ? '' : `, found by ${asset.detector}`;
  const doubt = confidenceOf(asset.model) === 'low' ? ' with low confidence' : '';
  return `Its score is ${score.toFixed(2)}${doubt}, and an alert needs ${raise}; the highest of its last ${values.length} was ${Math.max(...values).toFixed(2)}. Most of it is ${shares}${detector}.`;
}

function guilty({ channels, evidence }: AssetDetail): { readonly name: string; readonly share: number }[] {
  if (evidence === null) return [];
  return channels
    .map(({ name }, i) => ({ name, share: evidence.attribution[i] }))
    .sort((a, b) => b.share - a.share)
    .slice(0, mostChannels);
}
