import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithheld } from '../../../src/alerts/operator-state.ts';
import type { Notification } from '../../../src/alerts/sink.ts';
import { assetNamed } from '../support/fixtures.ts';
import { noisyPlant, type Stage } from './noisy-stage.ts';

const minute = 60_000;
const begin = Date.UTC(2026, 9, 24, 20);
const pumps = [0, 1, 2].map((index) => assetNamed(`pump-${index}`, index));
const order = { by: 'ada', comment: null };
/** Everything that keeps alerts from people, side by side; the clocks go back in the night of the story. */
const noise = {
  maintenance: [
    {
      name: 'hourly wash',
      match: ['asset=pump-1'],
      timezone: 'Europe/Berlin',
      when: { start: '2026-10-24T20:10', durationMs: 7 * minute, rule: 'FREQ=HOURLY' },
    },
  ],
  flapping: { everyMs: 5 * minute, low: 0.2, high: 0.4 },
};

type Step = (stage: Stage, wall: { now: number }) => void;
const onPump = (act: (stage: Stage, pump: (typeof pumps)[number]) => void): fc.Arbitrary<Step> =>
  fc.constantFrom(...pumps).map((pump) => (stage) => act(stage, pump));
const onAlert = (act: (stage: Stage, id: string) => void) =>
  onPump((stage, pump) => {
    const newest = stage.newest(pump);
    if (newest !== undefined) act(stage, newest.id);
  });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: onPump((stage, pump) => stage.verdict(pump, 2)) },
  { weight: 3, arbitrary: onPump((stage, pump) => stage.verdict(pump, 0)) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 30 }).map(
      (minutes): Step =>
        (stage, wall) => {
          wall.now += minutes * minute;
          stage.sweep();
        },
    ),
  },
  fc.constantFrom(...pumps).map(
    (pump): Step =>
      (stage, wall) => {
        // Long enough to be called flapping.
        for (let i = 0; i < 16; i++) {
          stage.verdict(pump, i % 2 === 0 ? 2 : 0);
          wall.now += 5 * minute;
          stage.sweep();
        }
      },
  ),
  onAlert((stage, id) => stage.alerting.desk.acknowledge(id, order)),
  onAlert((stage, id) => stage.alerting.desk.shelve(id, 20 * minute, order)),
  onAlert((stage, id) => stage.alerting.desk.unshelve(id, order)),
  onPump((stage, { id }) => stage.alerting.desk.takeOutOfService({ scope: 'asset', assetId: id }, order)),
  onPump((stage, { id }) => stage.alerting.desk.returnToService({ scope: 'asset', assetId: id }, order)),
  onPump((stage, { labels }) =>
    stage.silences.add({
      matchers: [`asset=${labels.asset}`],
      by: 'ada',
      comment: 'seal',
      forMs: 15 * minute,
    }),
  ),
  fc.constant<Step>((stage) => {
    const [first] = stage.silences.inForce();
    if (first !== undefined) stage.silences.expire(first.id, 'bob');
  }),
);
const story = fc.array(fc.oneof({ weight: 12, arbitrary: steps }, fc.constant('restart' as const)), {
  minLength: 5,
  maxLength: 60,
});

/** Plays a story and gives everything that a sink was told, in order. */
function play(told: readonly (Step | 'restart')[]) {
  const { wall, start } = noisyPlant(begin, noise);
  let stage = start();
  const seen: Notification[] = [];
  const take = () => seen.push(...stage.notifications());
  for (const step of told) {
    if (step === 'restart') {
      stage.stop();
      stage = start();
      stage.sweep();
    } else step(stage, wall);
    take();
    check(stage);
  }
  return { stage, wall, seen, take };
}

/** What holds at every moment: what is in memory is in the journal, and what is held back was not told just now. */
function check(stage: Stage) {
  for (const alert of stage.alerting.firing()) {
    expect(stage.journal.get(alert.id)).toMatchObject({
      operatorState: alert.operatorState,
      handling: alert.handling,
    });
    if (!isWithheld(alert.handling)) expect(alert.handling.told).toBe(true);
  }
}

describe('shelving, silences, maintenance, flapping and service, all at once', { timeout: 60_000 }, () => {
  it('tell each alert once, its end only after its beginning, over restarts as well', () => {
    fc.assert(
      fc.property(story, (told) => {
        const { stage, seen } = play(told);
        const keys = seen.map(({ idempotencyKey }) => idempotencyKey);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { transition, alert } of seen) {
          const first = seen.find((one) => one.alert.id === alert.id);
          if (transition === 'resolved') expect(first?.transition).toBe('firing');
        }
        stage.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('keep nothing from people for ever: what still fires in the end was told', () => {
    fc.assert(
      fc.property(story, (told) => {
        const { stage, wall, seen, take } = play(told);
        for (const { id } of pumps)
          stage.alerting.desk.returnToService({ scope: 'asset', assetId: id }, order);
        // Past every shelving, silence and flapping, and between two washes.
        for (const at of [5, 6, 7, 8].map((hours) => begin + hours * 3_600_000)) {
          wall.now = Math.max(wall.now, at);
          stage.sweep();
        }
        wall.now += 100 * minute - ((wall.now - begin - 10 * minute) % (60 * minute));
        stage.sweep();
        take();
        const firing = [...stage.alerting.firing()];
        for (const { id, handling } of firing) {
          expect(handling).toMatchObject({ told: true, shelvedUntil: null, outOfService: false });
          expect(seen.filter(({ alert }) => alert.id === id).map(({ transition }) => transition)).toContain(
            'firing',
          );
        }
        stage.stop();
      }),
      { numRuns: 40 },
    );
  });
});
