import fc from 'fast-check';
import Schema from 'typebox/schema';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/alerts/sink.ts';
import { postableAlerts } from '../../../src/alerts/sinks/alertmanager-alerts.ts';
import { pagerDutyPayload } from '../../../src/alerts/sinks/pagerduty-payload.ts';
import { slackPayload } from '../../../src/alerts/sinks/slack-payload.ts';
import { teamsPayload } from '../../../src/alerts/sinks/teams-payload.ts';
import { firingOf, hostile, resolvedOf } from './contract.ts';
import { alertmanagerShape, pagerDutyShape, slackShape, teamsShape } from './support/receiver-shapes.ts';

const url = 'http://forewarn.example:8080';
const link = `${url}/api/v1/alerts/al_1`;
const key = 'k'.repeat(32);

const formats = {
  slack: { shape: slackShape, make: (one: Notification) => slackPayload(one, url) },
  teams: { shape: teamsShape, make: (one: Notification) => teamsPayload(one, url) },
  pagerduty: { shape: pagerDutyShape, make: (one: Notification) => pagerDutyPayload(one, url, key) },
  alertmanager_api: {
    shape: alertmanagerShape,
    make: ({ alert }: Notification) => postableAlerts([alert], url, 1_700_000_000_000),
  },
};

/** What is wrong with the value, as lines; none when it fits. */
function misfits(shape: object, value: unknown): string[] {
  const sent: unknown = JSON.parse(JSON.stringify(value));
  const [fits, errors] = Schema.Errors(shape, sent);
  return fits ? [] : errors.map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 4000 }), fc.constant(hostile));
/** Topics have no empty level that names an asset, and MQTT allows 65,535 bytes. */
const anyNotification = fc
  .record({
    summary: anyText.filter((text) => text.trim() !== ''),
    action: fc.option(anyText.filter((text) => text !== '')),
    assetId: fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }).filter((text) => text.trim() !== ''),
    priority: fc.constantFrom('low' as const, 'medium' as const, 'high' as const, 'critical' as const),
    labels: fc.dictionary(fc.string({ unit: 'binary', maxLength: 20 }), anyText),
    peakScore: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
    resolved: fc.boolean(),
    channels: fc.constantFrom([], [{ channel: 'vibration', unit: '', share: 1, expected: null, actual: 1 }]),
  })
  .map(({ resolved, ...changes }) => {
    const firing = firingOf('al_1', changes);
    return resolved ? resolvedOf(firing) : firing;
  });

describe.each(Object.entries(formats))('the body for %s', (_, { shape, make }) => {
  it('has the shape that the receiver documents, whatever the plant calls its machines', () => {
    fc.assert(
      fc.property(anyNotification, (notification) => {
        expect(misfits(shape, make(notification))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('leads to the alert', () => {
    expect(JSON.stringify(make(firingOf('al_1')))).toContain(link);
  });
});

describe('the shapes', () => {
  it.each(Object.entries(formats))('notice what does not fit: %s', (_, { shape, make }) => {
    const body = make(firingOf('al_1'));
    const broken = Array.isArray(body) ? [{ ...body[0], status: 'firing' }] : { ...body, status: 'firing' };
    expect(misfits(shape, broken)).not.toEqual([]);
  });
});

describe('Slack', () => {
  it('says first what decides whether to get up, and calls nobody', () => {
    const firing = firingOf('al_1', { priority: 'critical', summary: 'pump-3: <!channel> & more' });
    const { text, blocks } = slackPayload(firing, url) as { text: string; blocks: { text?: object }[] };
    expect(text).toBe('CRITICAL pump-3: &lt;!channel&gt; &amp; more');
    expect(blocks[0]!.text).toMatchObject({ text: '🔴 CRITICAL north/1/pump-3' });
    const over = JSON.stringify(slackPayload(resolvedOf(firing), url));
    expect(over).toContain('🟢 RESOLVED north/1/pump-3');
    expect(over).toContain('*Lasted*\\n30 s');
  });
});

describe('PagerDuty', () => {
  it('ends the incident that it began', () => {
    const firing = firingOf('al_1', { priority: 'high' });
    expect(pagerDutyPayload(firing, url, key)).toMatchObject({
      event_action: 'trigger',
      dedup_key: 'al_1',
      payload: { severity: 'error', source: 'north/1/pump-3', component: 'vibration', class: 'anomaly' },
    });
    expect(pagerDutyPayload(resolvedOf(firing), url, key)).toMatchObject({
      event_action: 'resolve',
      dedup_key: 'al_1',
    });
  });

  it.each([
    ['critical', 'critical'],
    ['high', 'error'],
    ['medium', 'warning'],
    ['low', 'info'],
  ] as const)('takes priority %s for severity %s', (priority, severity) => {
    expect(pagerDutyPayload(firingOf('al_1', { priority }), url, key)).toMatchObject({
      payload: { severity },
    });
  });
});
