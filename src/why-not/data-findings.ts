import type { AssetDetail } from '../fleet/view.ts';
import { confidenceOf } from '../types.ts';
import { durationText, type Finding, finding, timeText } from './finding.ts';
import type { WhyNotSnapshot } from './snapshot.ts';

type Line = NonNullable<WhyNotSnapshot['line']>;

/** What keeps the model from a verdict on the asset; empty when its newest window has a score and is not old. */
export function dataFindings({ asset, line, assetId, now }: WhyNotSnapshot): Finding[] {
  if (asset === null || line === null)
    return [
      finding(
        'unknown_asset',
        `No asset ${assetId} has sent anything since the start: is the id right, and does a topic of the configuration match?`,
      ),
    ];
  return [silence(asset, line, now), learning(line, asset), unscored(asset, line)].filter(
    (one) => one !== null,
  );
}

/** Older than a window is old news, whether or not it has been quiet for long enough to count as silent. */
function silence({ lastSeenAt, state }: AssetDetail, { config }: Line, now: number): Finding | null {
  const { silentAfterMs } = config.alert;
  const quietMs = now - lastSeenAt;
  if (state !== 'silent' && quietMs <= config.windowLength * config.sampleEveryMs) return null;
  const after =
    silentAfterMs === 0
      ? 'its class has no alert for that'
      : `silence becomes an alert after ${durationText(silentAfterMs)}`;
  return finding(
    'silent',
    `Nothing has come from it for ${durationText(quietMs)}, since ${timeText(lastSeenAt)}; ${after}.`,
    { sinceAt: lastSeenAt, have: quietMs, need: silentAfterMs === 0 ? null : silentAfterMs },
  );
}

function learning({ learner }: Line, { asset, reason, model }: AssetDetail): Finding | null {
  const { phase, rows, rowsNeeded, etaMs, lastFailure } = learner;
  const counts = { have: rows, need: rowsNeeded };
  if (phase === 'ready')
    return reason === 'learning'
      ? finding(
          'learning',
          `The model of class ${asset.className} has only just come; it scores the next window.`,
          counts,
        )
      : null;
  const eta = etaMs === null ? '' : `, about ${durationText(Math.max(0, etaMs))} to go`;
  const failure = lastFailure === null ? '' : `; the last training failed: ${lastFailure}`;
  const what = phase === 'training' ? 'is being trained on' : 'still learns:';
  const online =
    reason === null && confidenceOf(model) === 'low'
      ? ' Until then the online model scores it, with low confidence: it finds sudden jumps of a channel and little else.'
      : '';
  return finding(
    'learning',
    `Class ${asset.className} ${what} ${rows} of ${rowsNeeded} rows${eta}${failure}.${online}`,
    counts,
  );
}

function unscored(asset: AssetDetail, line: Line): Finding | null {
  if (asset.windows === 0 || asset.reason === 'warming_up') return warmingUp(asset, line);
  if (asset.reason === 'low_coverage') return lowCoverage(asset, line);
  if (asset.reason === 'overloaded')
    return finding('overloaded', 'Scoring cannot keep up, and its last window was given up.');
  if (asset.reason === 'engine_failed')
    return finding('engine_failed', 'The engine failed on its last window; the log says why.');
  return null;
}

function warmingUp({ rows, lastRows }: AssetDetail, { config }: Line): Finding {
  const { windowLength, sampleEveryMs } = config;
  const broken = lastRows.findLastIndex((row, i) => i > 0 && row.at - lastRows[i - 1].at !== sampleEveryMs);
  const have = Math.min(windowLength, broken < 0 ? rows : lastRows.length - broken);
  return finding('warming_up', `It has ${have} rows in a row, and a window has ${windowLength}.`, {
    have,
    need: windowLength,
  });
}

/** Over the rows of the last window, or those of them that are still there. */
function lowCoverage({ channels, lastRows }: AssetDetail, { config }: Line): Finding {
  const rows = lastRows.slice(-config.windowLength);
  const shares = channels.map(({ name }, i) => ({
    name,
    share: rows.reduce((sum, { measured }) => sum + measured[i], 0) / Math.max(1, rows.length),
  }));
  const missing = shares.filter(({ share }) => share < 1).sort((a, b) => a.share - b.share);
  const have = shares.reduce((sum, { share }) => sum + share, 0) / channels.length;
  const told = missing.map(({ name, share }) => `${name} (${Math.round((1 - share) * 100)} %)`).join(', ');
  const text =
    have < config.minCoverage
      ? `${Math.round(have * 100)} % of its last readings are there, and ${Math.round(config.minCoverage * 100)} % are needed; missing: ${told}.`
      : `Its last row, or too much of the window before, has no readings; missing: ${told}.`;
  return finding('low_coverage', text, {
    have,
    need: config.minCoverage,
    channels: missing.map(({ name }) => name),
  });
}
