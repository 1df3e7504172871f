import fc from 'fast-check';
import Schema from 'typebox/schema';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/alerts/sink.ts';
import { alertmanagerPayload } from '../../../src/alerts/sinks/alertmanager-payload.ts';
import { emailMessage } from '../../../src/alerts/sinks/email-message.ts';
import { pagerDutyPayload } from '../../../src/alerts/sinks/pagerduty-payload.ts';
import { slackPayload } from '../../../src/alerts/sinks/slack-payload.ts';
import { teamsPayload } from '../../../src/alerts/sinks/teams-payload.ts';
import { createTemplateBody } from '../../../src/alerts/sinks/template-payload.ts';
import { firingOf, hostile, resolvedOf } from './contract.ts';
import { pagerDutyShape, slackShape, teamsShape } from './support/receiver-shapes.ts';

const url = 'http://forewarn.example:8080';
const key = 'k'.repeat(32);

/** `listed` alerts of a line, the last of them over, with `more` that are not listed. */
function groupOf(listed: number, more = 0, label = '1'): Notification {
  const alerts = Array.from({ length: listed }, (_, i) => {
    const changes = { assetId: `${label}/pump-${i}`, labels: { line: label }, summary: `pump-${i} is loud` };
    const firing = firingOf(`al_${i}`, { ...changes, priority: i === 1 ? 'critical' : 'low' });
    return i === listed - 1 && i > 0 ? resolvedOf(firing).alert : firing.alert;
  });
  return {
    idempotencyKey: 'group:al_0:7:ops',
    transition: 'firing',
    alert: alerts[0]!,
    group: {
      labels: { line: label },
      alerts,
      total: listed + more,
      firing: listed - 1 + more,
      flood: more > 0,
      incident: { id: 'al_0', first: `${label}/pump-0`, alerts: listed + more },
    },
  };
}

function resolved(notification: Notification): Notification {
  const group = notification.group!;
  const alerts = group.alerts.map((alert) => ({ ...alert, state: 'resolved' as const, resolvedAt: 9_000 }));
  return { ...notification, transition: 'resolved', group: { ...group, alerts, firing: 0 } };
}

const texts = {
  slack: (one: Notification) => JSON.stringify(slackPayload(one, url)),
  teams: (one: Notification) => JSON.stringify(teamsPayload(one, url)),
  pagerduty: (one: Notification) => JSON.stringify(pagerDutyPayload(one, url, key)),
  mail: (one: Notification) => emailMessage(one, url, 'plant.example').text,
  'mail as HTML': (one: Notification) => emailMessage(one, url, 'plant.example').html,
  template: (one: Notification) => createTemplateBody('{"text": "{{summary}}"}')(one, url),
};

describe.each(Object.entries(texts))('a group in %s', (_, make) => {
  it('is one text with ten alerts and the number of the others', () => {
    const text = make(groupOf(12, 30));
    for (let i = 0; i < 10; i += 1) expect(text).toContain(`pump-${i} is loud`);
    expect(text).not.toContain('pump-10 is loud');
    expect(text).toContain('and 32 more');
    expect(text).toContain('FLOOD CRITICAL 42 alerts');
  });

  it('names no others where there are none, and says which is over', () => {
    const text = make(groupOf(3));
    expect(text).not.toMatch(/and \d+ more/);
    expect(text).toContain('RESOLVED pump-2 is loud');
    expect(text).toContain('CRITICAL pump-1 is loud');
  });
});

describe('a group', () => {
  it.each([
    ['slack', slackShape, (one: Notification) => slackPayload(one, url)],
    ['teams', teamsShape, (one: Notification) => teamsPayload(one, url)],
    ['pagerduty', pagerDutyShape, (one: Notification) => pagerDutyPayload(one, url, key)],
  ] as const)('has the shape that %s documents, whatever the labels are', (_, shape, make) => {
    const labels = fc.oneof(fc.string({ minLength: 1, maxLength: 400 }), fc.constant(hostile));
    fc.assert(
      fc.property(labels, fc.integer({ min: 1, max: 40 }), fc.nat(5000), (label, listed, more) => {
        const sent: unknown = JSON.parse(JSON.stringify(make(groupOf(listed, more, label))));
        expect(Schema.Check(shape, sent)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('is one incident of PagerDuty, which ends when none of its alerts fires', () => {
    const first = pagerDutyPayload(groupOf(3), url, key) as { dedup_key: string };
    expect(first).toMatchObject({
      event_action: 'trigger',
      payload: { severity: 'critical', source: 'line=1' },
    });
    const { dedup_key } = first;
    expect(pagerDutyPayload(resolved(groupOf(5)), url, key)).toMatchObject({
      event_action: 'resolve',
      dedup_key,
    });
    expect(pagerDutyPayload(groupOf(3, 0, '2'), url, key)).not.toMatchObject({ dedup_key });
  });

  it('is a group of Alertmanager with its labels, each alert with its own state', () => {
    const body = alertmanagerPayload(groupOf(3, 5), 'ops', url);
    expect(body).toMatchObject({
      groupKey: '{}:{line="1"}',
      groupLabels: { line: '1' },
      commonLabels: { line: '1', class: 'pump', rule: 'anomaly', alertname: 'ForewarnAnomaly' },
      truncatedAlerts: 5,
      status: 'firing',
    });
    expect(body.commonLabels).not.toHaveProperty('asset_id');
    expect(body.alerts.map(({ status }) => status)).toEqual(['firing', 'firing', 'resolved']);
    expect(body.alerts.map(({ labels }) => labels.asset_id)).toEqual(['1/pump-0', '1/pump-1', '1/pump-2']);
  });

  it('is a mail of its own that is the same at every attempt', () => {
    const mail = emailMessage(resolved(groupOf(3)), url, 'plant.example');
    expect(mail.messageId).toBe('<group.al_0.7.ops@plant.example>');
    expect(mail.inReplyTo).toBeUndefined();
    expect(mail.subject).toBe('RESOLVED 3 alerts, line=1: none fires, first 1/pump-0');
  });

  it('can be gone through by a template', () => {
    const body = createTemplateBody('{"all": [{{#group.alerts}}"{{asset}}",{{/group.alerts}} null]}');
    expect(JSON.parse(body(groupOf(2), url))).toEqual({ all: ['1/pump-0', '1/pump-1', null] });
  });
});
