import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scoreRemainingLife } from '../../src/evaluation/remaining-life-score.ts';

interface Baseline {
  readonly value?: number;
  readonly pred?: readonly number[];
  readonly RMSE: number;
  readonly score: number;
  readonly RMSE_testcapped125: number;
  readonly score_testcapped125: number;
}
interface Vectors {
  readonly score_examples: readonly {
    readonly pred: number;
    readonly true: number;
    readonly d: number;
    readonly s: number;
  }[];
  readonly FD001: { readonly baselines: Record<string, Baseline> };
  readonly FD003: { readonly baselines: Record<string, Baseline> };
}

const data = new URL('../../../shared/data/', import.meta.url);
const vectorsFile = new URL('vectors/cmapss.json', data);
const present = existsSync(vectorsFile);
if (!present)
  console.warn('SKIPPED: remaining life is not checked against its vectors, shared/data is absent');

describe('scoreRemainingLife', () => {
  it('charges late predictions more than early ones', () => {
    const late = scoreRemainingLife(Float64Array.of(33), Float64Array.of(20), null);
    const early = scoreRemainingLife(Float64Array.of(20), Float64Array.of(33), null);
    expect(late.score).toBeCloseTo(Math.exp(1.3) - 1, 12);
    expect(early.score).toBeCloseTo(Math.E - 1, 12);
    expect(late.rmse).toBe(13);
  });

  it('cuts the true lives, never the predictions', () => {
    const actual = Float64Array.of(145, 20);
    expect(scoreRemainingLife(Float64Array.of(125, 20), actual, 125)).toEqual({ rmse: 0, score: 0 });
    expect(scoreRemainingLife(Float64Array.of(135, 20), actual, 125).rmse).toBeCloseTo(Math.sqrt(50), 12);
    expect(scoreRemainingLife(Float64Array.of(125, 20), actual, null).rmse).toBeCloseTo(Math.sqrt(200), 12);
  });

  it('refuses machines without a prediction', () => {
    expect(() => scoreRemainingLife(Float64Array.of(1), Float64Array.of(1, 2), null)).toThrow(
      '1 predictions',
    );
    expect(() => scoreRemainingLife(new Float64Array(), new Float64Array(), null)).toThrow('0 machines');
  });
});

describe.skipIf(!present)('scoreRemainingLife against the C-MAPSS vectors', () => {
  const vectors = present ? (JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors) : null!;

  it('gives the example penalties', () => {
    for (const { pred, true: actual, d, s } of vectors.score_examples) {
      const result = scoreRemainingLife(Float64Array.of(pred), Float64Array.of(actual), null);
      expect(result.rmse).toBe(Math.abs(d));
      expect(Math.abs(result.score - s)).toBeLessThanOrEqual(1e-12 * Math.max(1, s));
    }
  });

  for (const set of ['FD001', 'FD003'] as const) {
    const livesFile = new URL(`cmapss/RUL_${set}.txt`, data);
    const known = existsSync(livesFile);
    if (present && !known)
      console.warn(`SKIPPED: the true lives of ${set} are absent, its baselines are not scored`);
    it.skipIf(!known)(`gives the baselines of ${set}, capped and not`, () => {
      const actual = Float64Array.from(readFileSync(livesFile, 'utf8').trim().split(/\s+/), Number);
      let scored = 0;
      for (const [name, baseline] of Object.entries(vectors[set].baselines)) {
        const predicted = predictionsOf(name, baseline, actual);
        if (!predicted) continue;
        scored++;
        const open = scoreRemainingLife(predicted, actual, null);
        const capped = scoreRemainingLife(predicted, actual, 125);
        expectRounded(open.rmse, baseline.RMSE, 3);
        expectRounded(capped.rmse, baseline.RMSE_testcapped125, 3);
        expectRounded(open.score, baseline.score, 1);
        expectRounded(capped.score, baseline.score_testcapped125, 1);
      }
      // The boosting row comes without its predictions.
      expect(scored).toBe(3);
    });
  }
});

function expectRounded(actual: number, stated: number, digits: number): void {
  expect(Number(actual.toFixed(digits))).toBe(stated);
}

function predictionsOf(name: string, { pred, value }: Baseline, actual: Float64Array): Float64Array | null {
  if (pred) return Float64Array.from(pred);
  if (value !== undefined) return new Float64Array(actual.length).fill(value);
  if (name === 'perfect_but_capped_at_125') return actual.map((life) => Math.min(life, 125));
  return null;
}
