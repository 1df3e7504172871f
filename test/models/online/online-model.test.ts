import { describe, expect, it } from 'vitest';
import { createOnlineModel, warmUpRows } from '../../../src/models/online/online-model.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import type { Asset, Verdict } from '../../../src/types.ts';

const asset: Asset = { index: 3, id: 'a', className: 'pump', labels: {} };
type Shape = (row: number) => readonly number[];

/** Scores `rows` rows of the shape, one a second, each with noise of one unit; the verdict of each row. */
function watch(shape: Shape, rows: number, noise = 1, seed = 1): Verdict[] {
  const channels = shape(0).length;
  const model = createOnlineModel({ channels, forgetAfterMs: 32_000, minCoverage: 0.7, raise: 1 });
  const random = createRandom(seed, 0);
  return Array.from({ length: rows }, (_, row) => {
    const values = Float32Array.from(shape(row), (value) => value + noise * random.normal());
    const measured = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
    model.onRow({ asset, at: row * 1000, values, measured });
    return model.judge({ asset, at: row * 1000, values, measured, coverage: 1 });
  });
}

const scoreOf = (verdict: Verdict): number => (verdict.kind === 'unknown' ? Number.NaN : verdict.score.value);
const highest = (verdicts: readonly Verdict[]): number =>
  Math.max(...verdicts.filter(({ kind }) => kind !== 'unknown').map(scoreOf));

describe('the online model', () => {
  it('is silent until it is warm, and then scores with its own name', () => {
    const verdicts = watch(() => [10, 20, 30], warmUpRows + 20);
    expect(verdicts.slice(0, warmUpRows).every(({ kind }) => kind === 'unknown')).toBe(true);
    expect(verdicts[warmUpRows - 1]).toMatchObject({ kind: 'unknown', reason: 'learning' });
    expect(verdicts[warmUpRows]).toMatchObject({ kind: 'normal', score: { model: 'online' } });
  });

  it('finds a jump to where a channel has never been, names the channel, and does not learn it within minutes', () => {
    const verdicts = watch((row) => [10, row < 600 ? 20 : 60, 30], 600 + 900);
    expect(highest(verdicts.slice(0, 600))).toBeLessThan(0.5);
    const found = verdicts.findIndex(({ kind }) => kind === 'anomalous');
    expect(found).toBeGreaterThanOrEqual(600);
    expect(found).toBeLessThan(615);
    const verdict = verdicts[620];
    if (verdict.kind === 'unknown') throw new Error('it has no score');
    expect(verdict.score.attribution[1]).toBeGreaterThan(0.9);
    expect(verdict.score.expected[1]).toBeCloseTo(20, -1);
    expect(verdicts.slice(620).every(({ kind }) => kind === 'anomalous')).toBe(true);
  });

  it('takes for usual what has lasted half an hour of seconds', () => {
    const verdicts = watch((row) => [10, row < 600 ? 20 : 60, 30], 600 + 2000);
    expect(verdicts[600 + 1700].kind).toBe('anomalous');
    expect(verdicts.slice(-100).every(({ kind }) => kind === 'normal')).toBe(true);
  });

  it('finds a sensor that dies, and does not let it off for standing still', () => {
    const model = createOnlineModel({ channels: 1, forgetAfterMs: 32_000, minCoverage: 0.7, raise: 1 });
    const random = createRandom(5, 0);
    const kinds = Array.from({ length: 900 }, (_, row) => {
      const values = Float32Array.of(row < 500 ? 80 + random.normal() : 0);
      const measured = Uint8Array.of(1);
      model.onRow({ asset, at: row * 1000, values, measured });
      return model.judge({ asset, at: row * 1000, values, measured, coverage: 1 }).kind;
    });
    expect(kinds.slice(200, 500)).not.toContain('anomalous');
    expect(new Set(kinds.slice(520))).toEqual(new Set(['anomalous']));
  });

  const quiet: Readonly<Record<string, Shape>> = {
    'a warm-up from cold': (row) => [400 * (1 - Math.exp(-row / 600)), 0, 0],
    'a warm-up after the machine stood': (row) => [
      row < 300 ? 0 : 400 * (1 - Math.exp(-(row - 300) / 600)),
      0,
      0,
    ],
    'a set-point that is moved slowly': (row) => [100 * Math.min(1, Math.max(0, (row - 600) / 300)), 0, 0],
    'another load, in which most channels move': (row) => (row < 600 ? [0, 0, 0, 0] : [80, -60, 40, 0]),
    'a single wild reading': (row) => [row === 700 ? 1e6 : 0, 0, 0],
    'a switch that has never moved': (row) => [0, row < 700 ? 0 : 1],
  };
  it.each(Object.entries(quiet))('is quiet at %s', (_name, shape) => {
    for (let seed = 1; seed <= 5; seed++) {
      const noise = shape(0).length === 2 ? 0 : 1;
      expect(highest(watch(shape, 3600, noise, seed))).toBeLessThan(1);
    }
  });

  it('tells once of what comes and goes', () => {
    const shape: Shape = (row) => [row > 600 && Math.floor(row / 60) % 3 === 0 ? 60 : 20];
    const verdicts = watch(shape, 3600);
    const raised = verdicts.filter(
      ({ kind }, row) => kind === 'anomalous' && verdicts[row - 1].kind === 'normal',
    );
    expect(raised.length).toBe(1);
  });

  it('begins anew after a long gap, and has no verdict where too little was read', () => {
    const model = createOnlineModel({ channels: 1, forgetAfterMs: 32_000, minCoverage: 0.7, raise: 1 });
    const measured = Uint8Array.of(1);
    let at = 0;
    const next = (coverage = 1) => {
      at += 1000;
      const values = Float32Array.of(Math.sin(at));
      model.onRow({ asset, at, values, measured });
      return model.judge({ asset, at, values, measured, coverage });
    };
    for (let row = 0; row < warmUpRows; row++) next();
    expect(next().kind).toBe('normal');
    expect(model.status()).toEqual({ scoring: 1, warmingUp: 0, rowsNeeded: warmUpRows });
    expect(next(0.5)).toMatchObject({ kind: 'unknown', reason: 'low_coverage' });
    at += 60_000;
    expect(next()).toMatchObject({ kind: 'unknown', reason: 'learning' });
    expect(model.status()).toMatchObject({ scoring: 0, warmingUp: 1 });
  });
});
