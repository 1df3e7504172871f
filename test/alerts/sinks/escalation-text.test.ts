import { describe, expect, it } from 'vitest';
import { alertDocument } from '../../../src/alerts/sinks/alert-document.ts';
import { facts, headline } from '../../../src/alerts/sinks/alert-text.ts';
import { emailMessage } from '../../../src/alerts/sinks/email-message.ts';
import { pagerDutyPayload } from '../../../src/alerts/sinks/pagerduty-payload.ts';
import { alertNamed } from '../support/fixtures.ts';

describe('what receivers are told of an escalation', () => {
  const told = alertNamed('al_1', { escalated: { step: 'on-call', unansweredMs: 905_000, by: null } });
  const notification = {
    idempotencyKey: 'al_1:firing:escalation-1:email',
    transition: 'firing' as const,
    alert: told,
  };
  const text = 'on-call: nobody has acknowledged it for 15 min 5 s';

  it('says that it is an escalation, and for how long nobody acknowledged', () => {
    expect(headline(notification)).toMatch(/^ESCALATED MEDIUM pump-3/);
    expect(facts(notification)[0]).toEqual(['Escalation', text]);
    expect(alertDocument(told, 'http://f').escalation).toEqual({
      ...{ step: 'on-call', unansweredSeconds: 905, by: null, text },
    });
    expect(pagerDutyPayload(notification, 'http://f', 'k')).toMatchObject({
      dedup_key: 'al_1',
      payload: { summary: expect.stringContaining(text) },
    });
  });

  it('is a mail of its own, which answers the first', () => {
    expect(emailMessage(notification, 'http://f', 'plant.example')).toMatchObject({
      messageId: '<al_1.firing.escalation-1.email@plant.example>',
      inReplyTo: '<al_1.firing@plant.example>',
    });
  });
});
