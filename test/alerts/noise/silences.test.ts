import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { LONGEST_SILENCE_MS, MOST_SILENCES } from '../../../src/alerts/noise/silence.ts';
import { assetNamed } from '../support/fixtures.ts';
import { noisyPlant } from './noisy-stage.ts';

const now = 1_700_000_000_000;
const hour = 3_600_000;
const pump = assetNamed('pump-3');
const press = assetNamed('press-1', 1, 'press');
const draft = { matchers: ['site=north', 'class=~pu.*'], by: 'ada', comment: 'new seal', forMs: hour };

describe('silences', () => {
  it('keeps what matches from people, and records and shows it', () => {
    const stage = noisyPlant(now).start();
    const silence = stage.silences.add(draft);
    expect(silence).toMatchObject({
      ok: true,
      value: { ...{ by: 'ada', since: now, until: now + hour, endedAt: null }, inForce: true, muting: 0 },
    });
    const id = silence.ok ? silence.value.id : '';
    const alert = stage.raise(pump);
    expect(alert).toMatchObject({
      state: 'firing',
      operatorState: 'suppressed',
      handling: { told: false, suppressedFor: `silence:${id}` },
    });
    const other = stage.raise(press);
    expect(stage.told()).toEqual([`${other.id}:firing:ops`]);
    expect(stage.silences.inForce()).toMatchObject([{ id, muting: 1 }]);
    stage.resolve(pump);
    expect(stage.newest(pump)).toMatchObject({ state: 'resolved', operatorState: 'closed' });
    expect(stage.told()).toEqual([]);
    stage.stop();
  });

  it('tells what still fires when the silence is over, once, with who and why in the history', () => {
    const { wall, start } = noisyPlant(now);
    const stage = start();
    stage.silences.add(draft);
    const alert = stage.raise(pump);
    wall.now += hour - 1;
    stage.alerting.sweep();
    expect(stage.told()).toEqual([]);
    wall.now += 1;
    stage.alerting.sweep();
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
    expect(stage.newest(pump)).toMatchObject({
      operatorState: 'unacknowledged',
      handling: { told: true, suppressedFor: null },
    });
    const history = stage.journal.transitions(alert.id).map(({ reason, what }) => [reason, what]);
    expect(history).toEqual([
      ['raised', 'firing'],
      ['not_told', 'suppressed'],
      ['unsuppress', 'unacknowledged'],
    ]);
    stage.stop();
  });

  it('mutes what fires already without telling it again afterwards', () => {
    const stage = noisyPlant(now).start();
    const alert = stage.raise(pump);
    expect(stage.told()).toHaveLength(1);
    const silence = stage.silences.add(draft);
    expect(stage.newest(pump)).toMatchObject({ operatorState: 'suppressed', handling: { told: true } });
    expect(stage.journal.transitions(alert.id).at(-1)).toMatchObject({
      reason: 'suppress',
      by: 'ada',
      comment: 'new seal',
    });
    const ended = stage.silences.expire(silence.ok ? silence.value.id : '', 'bob');
    expect(ended).toMatchObject({ ok: true, value: { endedBy: 'bob', endedAt: now, inForce: false } });
    expect(stage.newest(pump)).toMatchObject({ operatorState: 'unacknowledged' });
    expect(stage.told()).toEqual([]);
    stage.resolve(pump);
    expect(stage.told()).toEqual([`${alert.id}:resolved:ops`]);
    stage.stop();
  });

  it('survives a restart, and tells at the start what a silence kept that ended meanwhile', () => {
    const { wall, start } = noisyPlant(now);
    let stage = start();
    stage.silences.add(draft);
    const first = stage.raise(pump);
    stage.stop();
    stage = start();
    stage.alerting.sweep();
    const second = stage.raise(assetNamed('pump-4', 2));
    expect(second.operatorState).toBe('suppressed');
    expect(stage.told()).toEqual([]);
    stage.stop();
    wall.now += 2 * hour;
    stage = start();
    stage.alerting.sweep();
    expect(stage.told().sort()).toEqual([`${first.id}:firing:ops`, `${second.id}:firing:ops`].sort());
    expect(stage.silences.inForce()).toEqual([]);
    expect(stage.silences.all(10)).toMatchObject([{ by: 'ada', inForce: false }]);
    stage.stop();
  });

  it('is over when the wall clock is put back so far that it would last longer than it may', () => {
    const { wall, start } = noisyPlant(now);
    const stage = start();
    stage.silences.add(draft);
    const alert = stage.raise(pump);
    wall.now -= LONGEST_SILENCE_MS;
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
    stage.stop();
  });

  it('is not there when the journal cannot be written, and tells later what it could not write at its end', () => {
    const { wall, file, start } = noisyPlant(now);
    const stage = start();
    stage.silences.add(draft);
    const alert = stage.raise(pump);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(() => stage.silences.add({ ...draft, by: 'bob' })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_FAILED', retryable: true }),
    );
    expect(stage.silences.inForce().map(({ by }) => by)).toEqual(['ada']);
    wall.now += hour;
    stage.alerting.sweep();
    expect(stage.newest(pump).operatorState).toBe('suppressed');
    other.exec('ROLLBACK');
    other.close();
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
    stage.stop();
  });

  it('leaves an alert muted by another silence when one ends', () => {
    const { wall, start } = noisyPlant(now);
    const stage = start();
    stage.silences.add(draft);
    stage.silences.add({ ...draft, by: 'bob', forMs: 2 * hour });
    stage.raise(pump);
    wall.now += hour;
    stage.alerting.sweep();
    expect(stage.told()).toEqual([]);
    const [left] = stage.silences.inForce();
    expect(stage.newest(pump).handling.suppressedFor).toBe(`silence:${left?.id}`);
    stage.stop();
  });

  it.each([
    [{ matchers: [] }, 'bad_matcher'],
    [{ matchers: ['north'] }, 'bad_matcher'],
    [{ matchers: ['site=~('] }, 'bad_matcher'],
    [{ matchers: ['site=~(?=x)'] }, 'bad_matcher'],
    [{ forMs: 0 }, 'bad_duration'],
    [{ forMs: LONGEST_SILENCE_MS + 1 }, 'bad_duration'],
  ])('refuses %j', (part, refusal) => {
    const stage = noisyPlant(now).start();
    expect(stage.silences.add({ ...draft, ...part })).toMatchObject({ ok: false, refusal });
    expect(stage.silences.all(10)).toEqual([]);
    stage.stop();
  });

  it('refuses to end what is not there, or over, and more than may be', () => {
    const { wall, start } = noisyPlant(now);
    const stage = start();
    expect(stage.silences.expire('sl_none', 'ada')).toMatchObject({ ok: false, refusal: 'no_such_silence' });
    const silence = stage.silences.add(draft);
    wall.now += hour;
    expect(stage.silences.expire(silence.ok ? silence.value.id : '', 'ada')).toMatchObject({
      refusal: 'silence_is_over',
    });
    for (let i = 0; i < MOST_SILENCES; i++) expect(stage.silences.add(draft).ok).toBe(true);
    expect(stage.silences.add(draft)).toMatchObject({ ok: false, refusal: 'too_many_silences' });
    stage.stop();
  });
});
