import { describe, expect, it } from 'vitest';
import type { AssetDetail } from '../../src/fleet/view.ts';
import { createFleet } from '../../src/fleet.ts';
import type { UnknownReason, Verdict } from '../../src/types.ts';
import { type FindingReason, findingReasons } from '../../src/why-not/finding.ts';
import { findingsOf } from '../../src/why-not/findings.ts';
import type { WhyNotSnapshot } from '../../src/why-not/snapshot.ts';
import { alertOf, assetAt, channels, noon, rowOf, scored } from '../api/support/plant.ts';

const pump = assetAt(1);
const ready = {
  phase: 'ready',
  rows: 400,
  rowsNeeded: 400,
  progress: 1,
  etaMs: 0,
  training: null,
  model: 'pump-1-abc',
  lastFailure: null,
  trained: 1,
  failed: 0,
} as unknown as NonNullable<WhyNotSnapshot['line']>['learner'];
const alert = {
  raise: 1,
  clear: 0.7,
  raiseOn: { windows: 3, of: 5 },
  forMs: 60_000,
  clearAfter: 10,
  keepFiringForMs: 0,
  consequence: 'medium',
  action: null,
  silentAfterMs: 300_000,
} as const;
const config = { windowLength: 4, sampleEveryMs: 1000, minCoverage: 0.7, alert };

function verdict(what: number | UnknownReason, at = noon): Verdict {
  if (typeof what !== 'number') return { kind: 'unknown', asset: pump, at, reason: what };
  const { score, ...rest } = scored(pump, at, what) as Extract<Verdict, { kind: 'normal' | 'anomalous' }>;
  return { ...rest, score: { ...score, detector: { source: 'network', kind: 'shift' } } };
}

/** The asset after rows and verdicts, as the fleet keeps it. */
function assetAfter(
  verdicts: readonly Verdict[],
  { rows = 4, measured = [1, 1], silentAt = 0, breakAt = -1 } = {},
): AssetDetail {
  const fleet = createFleet({
    history: 5,
    channelsOf: () => channels,
    clock: () => noon,
    alertOf: () => null,
  });
  for (let row = 0; row < rows; row++) {
    const at = noon + row * 1000 + (breakAt >= 0 && row >= breakAt ? 60_000 : 0);
    fleet.onRow(rowOf(pump, at, [1, 2], row === 0 ? [1, 1] : measured));
  }
  for (const one of verdicts) fleet.onVerdict(one);
  if (silentAt > 0)
    fleet.sweepSilence(
      noon + silentAt,
      () => 1,
      () => undefined,
      noon,
    );
  return fleet.asset(pump.id)!;
}

function snapshot(changes: Partial<WhyNotSnapshot> = {}): WhyNotSnapshot {
  return {
    now: noon,
    assetId: pump.id,
    mqtt: { state: 'connected', since: noon - 1000 },
    journalError: null,
    asset: assetAfter([verdict(0.9), verdict(0.4)]),
    line: { config, learner: ready },
    episode: null,
    firing: [],
    holds: [],
    mute: null,
    ...changes,
  };
}

const pending = {
  phase: 'pending',
  startedAt: noon,
  peakScore: 2,
  lastAt: noon,
  unbroken: true,
  activeMs: 0,
  recent: [{ at: noon, score: 2 }, null, { at: noon, score: 2 }],
} as const;
const order = { since: noon, until: null, by: 'ada', reason: 'overhaul' };
const mute = { name: null, by: null, why: 'because', until: null };
const muted = (reason: 'maintenance' | 'topology' | 'flapping') => ({ mute: { reason, ...mute } });

const cases: Readonly<Record<FindingReason, readonly [Partial<WhyNotSnapshot>, object][]>> = {
  alert_firing: [
    [
      { firing: [alertOf(pump, 1)] },
      {
        alert: 'al_000001',
        rule: 'anomaly',
        text: expect.stringContaining('is unacknowledged: south/pump-1'),
      },
    ],
  ],
  not_connected: [[{ mqtt: { state: 'reconnecting', since: noon - 5 } }, { sinceAt: noon - 5 }]],
  journal_failing: [[{ journalError: 'disk full' }, { text: expect.stringContaining('disk full') }]],
  unknown_asset: [[{ asset: null, line: null }, { text: expect.stringContaining(pump.id) }]],
  silent: [
    [{ asset: assetAfter([verdict(0.1)], { silentAt: 5 }) }, { sinceAt: noon }],
    [{ now: noon + 60_000 }, { have: 60_000, need: 300_000, text: expect.stringContaining('after 5 min') }],
    [
      {
        now: noon + 60_000,
        line: { config: { ...config, alert: { ...alert, silentAfterMs: 0 } }, learner: ready },
      },
      { need: null, text: expect.stringContaining('no alert for that') },
    ],
  ],
  learning: [
    [
      {
        line: {
          config,
          learner: { ...ready, phase: 'collecting', rows: 40, etaMs: 90_000, lastFailure: 'no memory' },
        },
      },
      { have: 40, need: 400, text: expect.stringMatching(/40 of 400 rows, about 2 min to go; .*no memory/) },
    ],
    [
      { line: { config, learner: { ...ready, phase: 'training' } } },
      { text: expect.stringContaining('being trained') },
    ],
    [
      { asset: assetAfter([verdict('learning')]) },
      { text: expect.stringContaining('scores the next window') },
    ],
  ],
  warming_up: [
    [{ asset: assetAfter([], { rows: 3 }) }, { have: 3, need: 4 }],
    [{ asset: assetAfter([verdict('warming_up')], { rows: 4, breakAt: 2 }) }, { have: 2, need: 4 }],
  ],
  low_coverage: [
    [
      { asset: assetAfter([verdict('low_coverage')], { measured: [1, 0], rows: 5 }) },
      { channels: ['pressure'], have: 0.5, need: 0.7, text: expect.stringContaining('pressure (100 %)') },
    ],
    [
      { asset: assetAfter([verdict('low_coverage')], { measured: [1, 1], rows: 5 }) },
      { channels: [], have: 1, text: expect.stringContaining('last row') },
    ],
  ],
  overloaded: [[{ asset: assetAfter([verdict('overloaded')]) }, {}]],
  engine_failed: [[{ asset: assetAfter([verdict('engine_failed')]) }, {}]],
  below_threshold: [
    [
      {},
      {
        have: 0.4,
        need: 1,
        channels: ['pressure', 'speed'],
        text: 'Its score is 0.40, and an alert needs 1; the highest of its last 2 was 0.90. Most of it is pressure (75 %), speed (25 %), found by network shift.',
      },
    ],
  ],
  tolerated: [
    [
      { asset: assetAfter([{ ...verdict(3), kind: 'normal' } as Verdict]) },
      { have: 3, text: expect.stringContaining('`deviation` of pressure') },
    ],
  ],
  too_few_windows: [
    [
      { asset: assetAfter([verdict(2)]), episode: pending },
      { have: 2, need: 3 },
    ],
    [{ asset: assetAfter([verdict(2)]) }, { have: 0, need: 3 }],
    // The newest is normal and those before still count.
    [{ episode: pending }, { have: 2, need: 3 }],
  ],
  not_long_enough: [
    [
      {
        asset: assetAfter([verdict(2)]),
        episode: { ...pending, activeMs: 2000, recent: [1, 2, 3].map((score) => ({ at: noon, score })) },
      },
      { have: 2000, need: 60_000, text: expect.stringContaining('for 2 s, and `for` asks for 1 min') },
    ],
  ],
  out_of_service: [
    [
      { holds: [{ kind: 'out_of_service', of: { scope: 'class', className: 'pump' }, ...order }] },
      {
        by: 'ada',
        comment: 'overhaul',
        text: expect.stringContaining('All of class pump is out of service until somebody'),
      },
    ],
  ],
  shelved: [
    [
      {
        holds: [
          {
            kind: 'shelved',
            of: { scope: 'alarm', assetId: pump.id, rule: 'anomaly' },
            ...order,
            until: noon + 9,
          },
        ],
      },
      {
        untilAt: noon + 9,
        rule: 'anomaly',
        text: expect.stringContaining('until 2026-01-31T12:00:00Z, by ada'),
      },
    ],
  ],
  silence: [
    [
      { mute: { reason: 'silence', name: 'sl_1', by: 'ada', why: 'noisy', until: noon + 3_600_000 } },
      {
        untilAt: noon + 3_600_000,
        by: 'ada',
        text: expect.stringContaining('silence sl_1 of ada, for another 1 h: noisy'),
      },
    ],
  ],
  maintenance: [[muted('maintenance'), { comment: 'because' }]],
  topology: [[muted('topology'), {}]],
  flapping: [[muted('flapping'), {}]],
};

describe('why an asset is not alerting', () => {
  it.each(
    findingReasons.flatMap((reason) =>
      cases[reason].map(([changes, found]) => [reason, changes, found] as const),
    ),
  )('%s', (reason, changes, found) => {
    const findings = findingsOf(snapshot(changes));
    expect(findings.filter((one) => one.reason === reason)).toMatchObject([found]);
  });

  it('puts what fires first and who keeps it from people last', () => {
    const held = snapshot({
      mqtt: { state: 'reconnecting', since: noon },
      firing: [alertOf(pump, 1)],
      ...muted('maintenance'),
    });
    expect(findingsOf(held).map(({ reason }) => reason)).toEqual([
      'alert_firing',
      'not_connected',
      'maintenance',
    ]);
  });

  it('names nothing that does not apply', () => {
    expect(findingsOf(snapshot()).map(({ reason }) => reason)).toEqual(['below_threshold']);
    const collecting = { config, learner: { ...ready, phase: 'collecting' as const } };
    const fresh = snapshot({ line: collecting, asset: assetAfter([verdict('learning')]) });
    expect(findingsOf(fresh).map(({ reason }) => reason)).toEqual(['learning']);
  });
});
