import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ForewarnError } from '../../../src/errors.ts';
import { createRandom } from '../../../src/models/random.ts';
import type { Judgement } from '../../../src/models/retraining/judgement.ts';
import { createSearchSpace, type TunedSettings } from '../../../src/models/tuning/search-space.ts';
import type { Trial } from '../../../src/models/tuning/trial.ts';
import { hashOf, openTrialLog } from '../../../src/models/tuning/trial-log.ts';
import { tune } from '../../../src/models/tuning/tuner.ts';
import { healthyRows, temporaryDirectory } from '../support/fixtures.ts';

const own: TunedSettings = {
  windowLength: 32,
  network: 'lstm_autoencoder',
  hidden: 64,
  latent: 16,
  smoothing: 0.5,
  quantile: 0.99,
  margin: 1.5,
};
const space = createSearchSpace(own, { longestWindow: 1000, student: 0 });

function judged(error: number, found = 50, windows = 1000): Judgement {
  const faults = { tried: 70, found, separation: 0.9, byKind: {} as never };
  return { model: 'm', windows, anomalous: 0, episodes: 0, episodesPerWeek: 0, heldOutError: error, faults };
}

/** What a search does where the error says how good settings are, in the search and afterwards. */
async function search(options: {
  errors(settings: TunedSettings): readonly [search: number, final: number];
  file?: string;
  of?: string;
  most?: number;
  budgetMs?: number;
  windows?: number;
  fails?(settings: TunedSettings): boolean;
}) {
  const {
    errors,
    file = join(temporaryDirectory(), 'x', 'pump.jsonl'),
    of = 'a',
    most = 30,
    windows = 1000,
  } = options;
  const attempted: TunedSettings[] = [];
  const seen: boolean[] = [];
  let now = 0;
  const result = await tune({
    space,
    random: createRandom(1),
    log: openTrialLog(file, of),
    async attempt(settings): Promise<Trial> {
      now += 1000;
      attempted.push(settings);
      if (options.fails?.(settings))
        return { settings, search: null, final: null, failure: 'too big', seconds: 1 };
      const [first, last] = errors(settings);
      return { settings, search: judged(first, 50, windows), final: judged(last), failure: null, seconds: 1 };
    },
    budgetMs: options.budgetMs ?? 1e6,
    most,
    clock: () => now,
    signal: new AbortController().signal,
    onTrial: (_, fresh) => seen.push(fresh),
  });
  return { result, attempted, seen, file };
}

const byWindow = ({ windowLength }: TunedSettings) => [windowLength, windowLength] as const;

describe('tuning', () => {
  it('tries the own settings first and finds those that beat them', async () => {
    const { result, attempted } = await search({ errors: byWindow });
    expect(attempted[0]).toEqual(own);
    expect(attempted).toHaveLength(30);
    expect(new Set(attempted.map((one) => JSON.stringify(one))).size).toBe(30);
    expect(result.winner?.trial.settings.windowLength).toBe(16);
    expect(result.winner?.decision.reason).toBe('better');
    expect(result.confirmation?.kind).toBe('promoted');
    const order = result.ranked.map(({ decision }) => decision.kind);
    expect(order.lastIndexOf('promoted')).toBe(order.indexOf('refused') - 1);
  });

  it('looks where the best ones lie after a while', async () => {
    const { attempted } = await search({ errors: byWindow, most: 60 });
    const late = attempted.slice(20).filter(({ windowLength }) => windowLength === 16).length;
    expect(late).toBeGreaterThan(12);
  });

  it('has no winner where nothing beats the own settings', async () => {
    const { result } = await search({ errors: (settings) => (settings === space.own ? [1, 1] : [1.5, 1.5]) });
    expect(result).toMatchObject({ winner: null, confirmation: null });
    expect(result.ranked).toHaveLength(29);
  });

  it('has none where the best was only lucky on the rows of the search', async () => {
    const { result } = await search({ errors: ({ windowLength }) => [windowLength, 64 - windowLength] });
    expect(result.winner).toBeNull();
    expect(result.confirmation).toMatchObject({ kind: 'refused', reason: 'predicts_worse' });
  });

  it('goes on where it was cut off, for the same rows only', async () => {
    const first = await search({ errors: byWindow, most: 12 });
    // As a power cut leaves it.
    appendFileSync(first.file, '{"of":"a","tri');
    const second = await search({ errors: byWindow, most: 20, file: first.file });
    expect(second.attempted).toHaveLength(8);
    expect(second.seen.slice(0, 12)).toEqual(Array(12).fill(false));
    const third = await search({ errors: byWindow, most: 20, file: first.file });
    expect(third.attempted).toEqual([]);
    expect(third.result).toEqual((await search({ errors: byWindow, most: 20 })).result);
    expect((await search({ errors: byWindow, most: 20, file: first.file, of: 'b' })).attempted).toHaveLength(
      20,
    );
    expect(readFileSync(first.file, 'utf8').trimEnd().split('\n')).toHaveLength(12 + 1 + 8 + 20);
  });

  it('ends with its time, and tells known trials all the same', async () => {
    const { attempted, file } = await search({ errors: byWindow, budgetMs: 5000 });
    expect(attempted).toHaveLength(1 + 5);
    const again = await search({ errors: byWindow, budgetMs: 0, file });
    expect(again.attempted).toEqual([]);
    expect(again.result.ranked).toHaveLength(5);
  });

  it('passes over settings that cannot be trained, and tries them again another time', async () => {
    const fails = ({ windowLength }: TunedSettings) => windowLength === 64;
    const { result, file } = await search({ errors: byWindow, fails });
    expect(result.failed.length).toBeGreaterThan(0);
    expect(result.ranked).toHaveLength(29 - result.failed.length);
    const again = await search({ errors: byWindow, fails, file });
    expect(again.attempted).toHaveLength(result.failed.length);
  });

  it('refuses to judge by too few windows, and needs the own settings to work', async () => {
    await expect(search({ errors: byWindow, windows: 150 })).rejects.toMatchObject({
      code: 'TUNING_ROWS_TOO_FEW',
    });
    await expect(search({ errors: byWindow, fails: () => true })).rejects.toThrow(ForewarnError);
  });

  it('knows rows and settings by their hash', () => {
    const rows = [healthyRows('a', 20, 1)];
    expect(hashOf(rows, { seed: 1 })).toBe(hashOf([healthyRows('a', 20, 1)], { seed: 1 }));
    const others = [
      hashOf(rows, { seed: 2 }),
      hashOf([healthyRows('a', 20, 2)], { seed: 1 }),
      hashOf([healthyRows('b', 20, 1)], { seed: 1 }),
    ];
    expect(new Set([hashOf(rows, { seed: 1 }), ...others]).size).toBe(4);
  });
});
