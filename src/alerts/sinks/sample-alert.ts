import type { Alert } from '../../types.ts';

/** An alert that is marked as a test wherever people see it, with `changes`. */
export function sampleAlert(changes: Partial<Alert>): Alert {
  return {
    id: 'al_test',
    assetId: 'forewarn-test',
    className: 'test',
    labels: { asset: 'forewarn-test' },
    rule: 'anomaly',
    state: 'firing',
    operatorState: 'unacknowledged',
    handling: {
      told: true,
      acknowledged: false,
      shelvedUntil: null,
      suppressedFor: null,
      outOfService: false,
      assignee: null,
      outcome: null,
      unansweredSince: null,
      escalation: { count: 0, steps: [], sinks: [] },
    },
    priority: 'low',
    startedAt: 1000,
    firedAt: 1000,
    resolvedAt: null,
    score: 1.5,
    peakScore: 1.5,
    model: 'test',
    channels: [{ channel: 'test', unit: 'mm/s', share: 1, expected: 1, actual: 2 }],
    summary: 'TEST of Forewarn, no machine is concerned',
    action: 'Nothing: somebody tries whether alerts arrive.',
    ...changes,
  };
}
