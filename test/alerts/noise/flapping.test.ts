import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeShare, flapsNow } from '../../../src/alerts/noise/flapping.ts';
import { assetNamed } from '../support/fixtures.ts';
import { noisyPlant } from './noisy-stage.ts';

const minute = 60_000;
const now = 1_700_000_040_000;
const flapping = { everyMs: minute, low: 0.05, high: 0.2 };
const pump = assetNamed('pump-3');

/** Nagios Core's own loop over 21 states, oldest first, written down here a second time. */
function nagiosShare(states: readonly number[]): number {
  let curved = 0;
  for (let x = 1; x < states.length; x++)
    if (states[x] !== states[x - 1]) curved += ((x - 1) * (1.25 - 0.75)) / (21 - 2) + 0.75;
  return curved / (21 - 1);
}

describe('the share of changes', () => {
  it('is that of Nagios for any history of 21 states', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 21, maxLength: 21 }), (states) => {
        const present = 1000;
        const changed = states.flatMap((state, x) =>
          x > 0 && state !== states[x - 1] ? [present - 20 + x] : [],
        );
        expect(changeShare(changed, present)).toBeCloseTo(nagiosShare(states), 12);
      }),
    );
  });

  it('is 0 without changes, 1 when every state differs, and forgets what is older', () => {
    expect(changeShare([], 5)).toBe(0);
    const all = Array.from({ length: 20 }, (_, i) => 100 - i);
    expect(changeShare(all, 100)).toBeCloseTo(1, 12);
    expect(changeShare([80, 101], 100)).toBe(0);
  });

  it('has a low and a high mark', () => {
    expect([0.04, 0.05, 0.06, 0.19, 0.2].map((share) => flapsNow(false, share, flapping))).toEqual([
      ...[false, false, false, false, true],
    ]);
    expect([0.04, 0.05, 0.06, 0.19, 0.2].map((share) => flapsNow(true, share, flapping))).toEqual([
      ...[false, false, true, true, true],
    ]);
  });
});

describe('an alarm that flaps', () => {
  it('is held from the third time on, and told when it has settled', () => {
    const { wall, start } = noisyPlant(now, { flapping });
    const stage = start();
    const flap = () => {
      const alert = stage.raise(pump);
      wall.now += minute;
      stage.alerting.sweep();
      stage.resolve(pump);
      wall.now += minute;
      stage.alerting.sweep();
      return alert;
    };
    const [first, second] = [flap(), flap()];
    expect(stage.told()).toEqual(
      [first, first, second, second].map(({ id }, i) => `${id}:${i % 2 === 0 ? 'firing' : 'resolved'}:ops`),
    );
    const third = flap();
    expect(third).toMatchObject({
      operatorState: 'suppressed',
      handling: { told: false, suppressedFor: 'flapping' },
    });
    expect(stage.noise.status().flapping).toBe(1);
    const fourth = stage.raise(pump);
    for (let i = 0; i < 9; i++) {
      wall.now += minute;
      stage.alerting.sweep();
    }
    expect(stage.told()).toEqual([]);
    for (let i = 0; i < 20; i++) {
      wall.now += minute;
      stage.alerting.sweep();
    }
    expect(stage.told()).toEqual([`${fourth.id}:firing:ops`]);
    expect(stage.newest(pump)).toMatchObject({ operatorState: 'unacknowledged' });
    expect(stage.noise.status().flapping).toBe(0);
    expect(stage.journal.transitions(fourth.id).map(({ reason }) => reason)).toEqual([
      ...['raised', 'not_told', 'unsuppress'],
    ]);
    stage.stop();
  });

  it('still flaps after a restart, and settles while nobody runs', () => {
    const { wall, start } = noisyPlant(now, { flapping });
    let stage = start();
    for (let i = 0; i < 4; i++) {
      stage.raise(pump);
      wall.now += minute;
      stage.resolve(pump);
      wall.now += minute;
      stage.alerting.sweep();
    }
    stage.told();
    stage.stop();
    stage = start();
    stage.alerting.sweep();
    expect(stage.journal.flaps.flapping()).toMatchObject([{ assetId: pump.id, rule: 'anomaly' }]);
    const held = stage.raise(pump);
    expect(held.handling.suppressedFor).toBe('flapping');
    stage.stop();
    wall.now += 30 * minute;
    stage = start();
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${held.id}:firing:ops`]);
    expect(stage.journal.flaps.flapping()).toEqual([]);
    stage.stop();
  });

  it('is found by how often steps of time saw a change, not by how often it changed in one', () => {
    const { start } = noisyPlant(now, { flapping });
    const stage = start();
    for (let i = 0; i < 50; i++) {
      stage.raise(pump);
      stage.resolve(pump);
    }
    expect(stage.noise.status().flapping).toBe(0);
    stage.stop();
  });

  it('is not looked for where that is switched off', () => {
    const { wall, start } = noisyPlant(now, { flapping: { ...flapping, everyMs: 0 } });
    const stage = start();
    for (let i = 0; i < 10; i++) {
      stage.raise(pump);
      wall.now += minute;
      stage.resolve(pump);
    }
    expect(stage.told()).toHaveLength(20);
    stage.stop();
  });
});
