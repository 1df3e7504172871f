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
      expect(hidden).toBeGreaterThan(10);
      expect(network).toBe('lstm_autoencoder');
    }
  });

  it('finds promising what the good ones have in common, and stays inside', () => {
    const space = createSearchSpace(own, open);
    const all = draw(space, 60);
    const isGood = ({ hidden, smoothing }: TunedSettings) => hidden === 128 && smoothing <= 0.3;
    const [good, others] = [all.filter(isGood), all.filter((one) => !isGood(one))];
    const random = createRandom(5);
    const proposed = Array.from({ length: 200 }, () => space.promising(good, others, random));
    const share = (settings: readonly TunedSettings[]) => settings.filter(isGood).length / settings.length;
    expect(share(draw(space, 2000))).toBeLessThan(0.2);
    expect(share(proposed)).toBeGreaterThan(0.8);
    // It still looks elsewhere in what does not matter.
    expect(new Set(proposed.map(settingsKey)).size).toBeGreaterThan(10);
  });

  it('proposes nothing but what the space has, whatever was tried', () => {
    const space = createSearchSpace(own, open);
    const inside = new Set(draw(space, 5000).flatMap((one) => Object.entries(one).map(String)));
    fc.assert(
      fc.property(fc.integer(), fc.nat(6), fc.nat(6), (seed, good, others) => {
        const random = createRandom(seed);
        const some = (count: number) => Array.from({ length: count }, () => space.random(random));
        const next = space.promising(some(good), some(others), random);
        for (const entry of Object.entries(next)) expect(inside).toContain(String(entry));
      }),
    );
  });
});
