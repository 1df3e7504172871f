import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/models/random.ts';
import {
  createSearchSpace,
  settingsKey,
  type TunedSettings,
} from '../../../src/models/tuning/search-space.ts';

const own: TunedSettings = {
  windowLength: 32,
  network: 'lstm_autoencoder',
  hidden: 64,
  latent: 16,
  smoothing: 0.45,
  quantile: 0.99,
  margin: 1.5,
};
const open = { longestWindow: 1000, student: 0 };
const draw = (space: ReturnType<typeof createSearchSpace>, count: number) => {
  const random = createRandom(3);
  return Array.from({ length: count }, () => space.random(random));
};

describe('the search space', () => {
  it('has settings around those of the class, and those themselves', () => {
    const drawn = draw(createSearchSpace(own, open), 2000);
    const values = (name: keyof TunedSettings) => [...new Set(drawn.map((one) => one[name]))].sort();
    expect(values('windowLength')).toEqual([16, 24, 32, 48, 64]);
    expect(values('hidden')).toEqual([128, 16, 32, 64]);
    expect(values('smoothing')).toContain(0.45);
    expect(values('network')).toHaveLength(4);
  });

  it('gives the same for the same seed', () => {
    const space = createSearchSpace(own, open);
    expect(draw(space, 20)).toEqual(draw(space, 20));
  });

  it('keeps within what the configuration allows', () => {
    const drawn = draw(createSearchSpace(own, { longestWindow: 50, student: 20 }), 500);
    for (const { windowLength, hidden, network } of drawn) {
      expect(windowLength).toBeLessThanOrEqual(48);
      expect(hidden).toBeGreaterThan(20);
      expect(network).toBe('lstm_autoencoder');
    }
  });

  it('takes one step to a neighbour, always to another one, and stays inside', () => {
    const space = createSearchSpace(own, open);
    const inside = new Set(draw(space, 5000).flatMap((one) => Object.entries(one).map(String)));
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (from, seed) => {
        const settings = space.random(createRandom(from));
        const next = space.near(settings, createRandom(seed));
        const changed = Object.entries(next).filter(
          ([name, value]) => settings[name as keyof TunedSettings] !== value,
        );
        expect(settingsKey(next)).not.toBe(settingsKey(settings));
        // A forecaster takes the latent size of the class with it, since it has none.
        expect(
          changed.filter(([name]) => name !== 'latent' || next.network === settings.network),
        ).toHaveLength(1);
        for (const entry of Object.entries(next)) expect(inside).toContain(String(entry));
      }),
    );
  });
});
