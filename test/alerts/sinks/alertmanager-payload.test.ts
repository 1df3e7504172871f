import { describe, expect, it } from 'vitest';
import { alertmanagerPayload } from '../../../src/alerts/sinks/alertmanager-payload.ts';
import type { AlertRule } from '../../../src/types.ts';
import { alertNamed } from '../support/fixtures.ts';

function payloadOf(rule: AlertRule) {
  const alert = alertNamed('al_1', { rule });
  return alertmanagerPayload({ alert, transition: 'firing', idempotencyKey: 'k' }, 'ops', 'http://forewarn');
}

describe('an alert of a limit for Alertmanager', () => {
  it('has the name of all limits, and a group and fingerprint of its own for each side of a channel', () => {
    const rules = ['limit:pressure:high', 'limit:pressure:low', 'limit:flow "in":high'] as const;
    const payloads = rules.map(payloadOf);
    for (const [i, { alerts, groupLabels, groupKey }] of payloads.entries()) {
      const own = { alertname: 'ForewarnLimit', asset_id: 'north/1/pump-3', rule: rules[i] };
      expect(groupLabels).toEqual(own);
      expect(alerts[0].labels).toMatchObject(own);
      expect(groupKey).toContain(`rule=${JSON.stringify(rules[i])}`);
    }
    expect(new Set(payloads.map(({ alerts }) => alerts[0].fingerprint)).size).toBe(rules.length);
    expect(new Set(payloads.map(({ groupKey }) => groupKey)).size).toBe(rules.length);
  });
});
