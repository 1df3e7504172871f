import { describe, expect, it } from 'vitest';
import type { EscalationConfig } from '../../src/alerts/escalation.ts';
import type { Grouping } from '../../src/alerts/group-table.ts';
import { facts, headline } from '../../src/alerts/sinks/alert-text.ts';
import type { Alert, Asset } from '../../src/types.ts';
import { noisyPlant } from './noise/noisy-stage.ts';
import { assetNamed } from './support/fixtures.ts';

const now = 1_700_000_000_000;
const minute = 60_000;
const hour = 60 * minute;
const pump = assetNamed('pump-3');
const ada = { by: 'ada', comment: null };
const step = (name: string, minutes: number, sinks: string[], more: Partial<EscalationConfig> = {}) => ({
  ...{ name, afterMs: minutes * minute, sinks, match: [], priority: 'low' as const },
  ...more,
});
const ladder = [step('managers', 30, ['email']), step('on-call', 15, ['pager'])];
const sinks = ['ops', 'pager', 'email'];

function plant(escalation: readonly EscalationConfig[] = ladder, grouping?: Grouping) {
  const made = noisyPlant(now, {}, { sinks, escalation, ...(grouping === undefined ? {} : { grouping }) });
  const stage = made.start();
  /** So much later, as the daemon's sweeps see it. */
  const pass = (ms: number, on = stage) => {
    made.wall.now += ms;
    on.sweep();
    on.sweep();
  };
  const history = (alert: Alert) =>
    stage.journal.transitions(alert.id).map(({ reason, by, comment }) => ({ reason, by, comment }));
  return { ...made, stage, pass, history };
}

describe('an alert that nobody acknowledges', () => {
  it('goes to one step after the other, once each, says for how long, and its end goes to all who know', () => {
    const { stage, pass, history } = plant();
    const alert = stage.raise(pump);
    expect([stage.told(), stage.told('pager'), stage.told('email')]).toEqual([
      [`${alert.id}:firing:ops`],
      [],
      [],
    ]);
    pass(15 * minute - 1);
    expect(stage.told('pager')).toEqual([]);
    pass(1);
    pass(minute);
    const [page, ...none] = stage.notifications('pager');
    expect(none).toEqual([]);
    expect(page).toMatchObject({
      idempotencyKey: `${alert.id}:firing:escalation-1:pager`,
      transition: 'firing',
      alert: { id: alert.id, escalated: { step: 'on-call', unansweredMs: 15 * minute, by: null } },
    });
    pass(14 * minute);
    expect(stage.told('email')).toEqual([`${alert.id}:firing:escalation-2:email`]);
    pass(24 * hour);
    stage.resolve(pump);
    for (const sink of sinks) expect(stage.told(sink)).toEqual([`${alert.id}:resolved:${sink}`]);
    expect(history(alert)).toMatchObject([
      { reason: 'raised' },
      {
        reason: 'escalate',
        by: null,
        comment: 'on-call: nobody has acknowledged it for 15 min 0 s; told pager',
      },
      { reason: 'escalate', comment: expect.stringContaining('managers: nobody') },
      { reason: 'resolved' },
    ]);
    expect(stage.newest(pump).handling).toMatchObject({ unansweredSince: null, escalation: { count: 2 } });
    stage.stop();
  });

  it('is told once when several steps are due after a restart, and not again after the next', () => {
    const { stage, start, wall } = plant([...ladder, step('again', 20, ['pager'])]);
    const alert = stage.raise(pump);
    stage.stop();
    wall.now += hour;
    const second = start();
    second.sweep();
    expect(second.told('pager')).toEqual([`${alert.id}:firing:escalation-1:pager`]);
    expect(second.told('email')).toEqual([`${alert.id}:firing:escalation-1:email`]);
    second.stop();
    const third = start();
    third.sweep();
    expect([third.told('pager'), third.told('email')]).toEqual([[], []]);
    expect(third.newest(pump).handling.escalation).toEqual({
      count: 1,
      steps: ['on-call', 'again', 'managers'],
      sinks: ['pager', 'email'],
    });
    third.stop();
  });

  it('goes nowhere once it is acknowledged, commented on or not, nor after its end', () => {
    const { stage, pass } = plant();
    const alert = stage.raise(pump);
    stage.alerting.desk.comment(alert.id, { by: 'ada', comment: 'on my way' });
    stage.alerting.desk.assign(alert.id, 'carl', ada);
    pass(16 * minute);
    // Neither a comment nor an assignment says that somebody sees to it.
    expect(stage.told('pager')).toHaveLength(1);
    stage.alerting.desk.acknowledge(alert.id, ada);
    pass(hour);
    stage.resolve(pump);
    pass(hour);
    expect(stage.told('email')).toEqual([]);
    expect(stage.told('pager')).toEqual([`${alert.id}:resolved:pager`]);
    stage.stop();
  });

  it('waits anew after shelving, a silence and being out of service, and takes every step again', () => {
    const { stage, pass } = plant();
    const alert = stage.raise(pump);
    pass(16 * minute);
    expect(stage.told('pager')).toHaveLength(1);
    const { desk } = stage.alerting;
    const holds = [
      () => desk.shelve(alert.id, hour, ada),
      () => stage.silences.add({ matchers: ['site=north'], by: 'ada', comment: 'seal', forMs: hour }),
      () => desk.takeOutOfService({ scope: 'asset', assetId: pump.id }, { by: 'ada', comment: 'x' }),
    ];
    for (const [i, hold] of holds.entries()) {
      expect(hold()).toMatchObject({ ok: true });
      pass(hour - 1);
      expect([stage.told('pager'), stage.told('email')]).toEqual([[], []]);
      if (i === 2) desk.returnToService({ scope: 'asset', assetId: pump.id }, ada);
      pass(1);
      pass(15 * minute - 2);
      expect(stage.told('pager')).toEqual([]);
      pass(2);
      expect(stage.told('pager')).toEqual([`${alert.id}:firing:escalation-${i + 2}:pager`]);
    }
    stage.stop();
  });

  it('is told at once where a step waits for nothing, and of the others by priority and place alone', () => {
    const steps = [
      step('urgent', 0, ['pager'], { priority: 'high' }),
      step('on-call', 15, ['pager'], { match: ['site=south'] }),
    ];
    const { stage, pass } = plant(steps);
    const slight = stage.raise(pump);
    expect(slight.priority).toBe('medium');
    pass(hour);
    expect(stage.told('pager')).toEqual([]);
    // Its priority rises with the score: what waits for nothing is due.
    stage.verdict(pump, 9);
    pass(1);
    expect(stage.told('pager')).toEqual([`${slight.id}:firing:escalation-1:pager`]);
    const press = assetNamed('press-1', 1);
    stage.verdict(press, 9);
    const gross = stage.newest(press);
    expect(stage.told('pager')).toEqual([`${gross.id}:firing:pager`]);
    stage.alerting.desk.shelve(gross.id, minute, ada);
    pass(hour);
    pass(hour);
    expect(stage.told('pager')).toEqual([]);
    stage.stop();
  });

  it('does not take a wall clock that was put back for an answer', () => {
    const { stage, pass, wall } = plant();
    const alert = stage.raise(pump);
    wall.now -= minute;
    pass(0);
    expect(stage.told('pager')).toEqual([]);
    wall.now -= 365 * 24 * hour;
    pass(0);
    expect(stage.told('pager')).toEqual([`${alert.id}:firing:escalation-1:pager`]);
    stage.stop();
  });
});

describe('escalating by hand', () => {
  it('takes the next step, or a named one again, whoever has acknowledged', () => {
    const { stage, history } = plant();
    const alert = stage.raise(pump);
    const { desk } = stage.alerting;
    desk.acknowledge(alert.id, ada);
    expect(
      desk.escalate(alert.id, null, { by: 'ada', comment: 'need a second pair of hands' }),
    ).toMatchObject({
      ok: true,
      value: { operatorState: 'acknowledged', handling: { escalation: { count: 1, steps: ['on-call'] } } },
    });
    const [page] = stage.notifications('pager');
    expect(page?.alert.escalated).toEqual({ step: 'on-call', unansweredMs: null, by: 'ada' });
    desk.escalate(alert.id, 'on-call', ada);
    expect(stage.told('pager')).toEqual([`${alert.id}:firing:escalation-2:pager`]);
    desk.escalate(alert.id, null, ada);
    expect(stage.told('email')).toHaveLength(1);
    expect(history(alert)[2]).toEqual({
      reason: 'escalate',
      by: 'ada',
      comment: 'on-call: escalated by ada; told pager: need a second pair of hands',
    });
    stage.stop();
  });

  it('is refused, with the reason, where nobody can be told', () => {
    const { stage } = plant();
    const alert = stage.raise(pump);
    const { desk } = stage.alerting;
    const refusal = (id: string, name: string | null) => {
      const result = desk.escalate(id, name, ada);
      return result.ok ? null : result.refusal;
    };
    expect(refusal('x', null)).toBe('no_such_alert');
    expect(refusal(alert.id, 'x')).toBe('no_such_step');
    desk.shelve(alert.id, hour, ada);
    expect(refusal(alert.id, null)).toBe('alert_is_withheld');
    desk.unshelve(alert.id, ada);
    expect([refusal(alert.id, null), refusal(alert.id, null)]).toEqual([null, null]);
    expect(refusal(alert.id, null)).toBe('no_step_left');
    stage.resolve(pump);
    expect(refusal(alert.id, null)).toBe('alert_is_over');
    stage.stop();
  });
});

describe('escalation in groups', () => {
  const grouping: Grouping = {
    by: ['line'],
    waitMs: 30_000,
    intervalMs: 5 * minute,
    flood: { alerts: 10, withinMs: 2 * hour },
    sinks: new Set(sinks),
    called: new Set(['pager', 'email']),
  };
  const assets = Array.from({ length: 30 }, (_, i) => assetNamed(`pump-${i}`, i));
  const each = (act: (asset: Asset) => void, some = assets) => some.forEach(act);

  it('takes a flood that nobody acknowledges to the next step in one notification, soon', () => {
    const { stage, pass } = plant([step('on-call', 15, ['pager'])], grouping);
    each((asset) => stage.raise(asset));
    for (let i = 0; i < 20; i += 1) pass(minute);
    const [page, ...none] = stage.notifications('pager');
    expect(none).toEqual([]);
    expect(page).toMatchObject({ transition: 'firing', group: { total: 30, firing: 30, flood: true } });
    expect(headline(page!)).toMatch(/^ESCALATED FLOOD MEDIUM 30 alerts, line=1: 30 fire/);
    expect(facts(page!)[0]).toEqual([
      'Escalation',
      '30 of them, on-call: nobody has acknowledged it for 15 min 0 s',
    ]);
    stage.stop();
  });

  it('tells the one sink and the other of an alert what each is to know, and the called one of its own end', () => {
    const { stage, pass } = plant([step('on-call', 1, ['pager'])], grouping);
    const [first, second] = assets as [Asset, Asset];
    stage.raise(first);
    pass(30_000);
    expect(stage.told()).toHaveLength(1);
    stage.alerting.desk.acknowledge(stage.newest(first).id, ada);
    // Its group waits for the interval when its time is over: the page does not, and it takes along what waits.
    stage.raise(second);
    pass(minute);
    pass(30_000);
    const [page] = stage.notifications('pager');
    expect(page).toMatchObject({
      transition: 'firing',
      group: { total: 1, firing: 1, alerts: [{ assetId: second.id }] },
    });
    const [told] = stage.notifications();
    expect(told?.group?.alerts.map(({ assetId, escalated }) => [assetId, escalated])).toEqual([
      [second.id, undefined],
    ]);
    // The other alert still fires, of which the pager knows nothing: for the pager it is over.
    stage.resolve(second);
    pass(5 * minute);
    expect(stage.notifications('pager')).toMatchObject([
      { transition: 'resolved', group: { firing: 0, alerts: [{ assetId: second.id, state: 'resolved' }] } },
    ]);
    expect(stage.notifications()).toMatchObject([{ transition: 'firing', group: { firing: 1 } }]);
    stage.stop();
  });
});
