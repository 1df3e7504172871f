import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { scoreDetection } from '../../src/evaluation/detection-rate.ts';

interface Fault {
  readonly FDR_T2: number;
  readonly FDR_Q: number;
  readonly FAR_T2: number;
  readonly FAR_Q: number;
  readonly delay_T2_6consec: number | null;
  readonly delay_Q_6consec: number | null;
}
interface Model {
  readonly a: number;
  readonly limits99: { readonly T2: number; readonly Q: number };
  readonly FAR_d00_te_pct: { readonly T2: number; readonly Q: number };
  readonly faults: Record<string, Fault>;
}

const data = new URL('../../../shared/data/', import.meta.url);
const vectorsFile = new URL('vectors/tep_pca_baseline.json', data);
const present = existsSync(vectorsFile) && existsSync(new URL('tep/d00.dat.gz', data));
if (!present) console.warn('SKIPPED: detection rates are not checked on TEP, shared/data is absent');
/** Every TEP test run turns faulty here, by its documentation. */
const FAULT_ROW = 160;

describe('scoreDetection', () => {
  it('keeps the rows before and after the fault apart', () => {
    const flags = Uint8Array.of(1, 0, 0, 0, 1, 1, 0, 1);
    expect(scoreDetection(flags, 4)).toEqual({ detectionRate: 0.75, falseAlarmRate: 0.25, delayRows: null });
  });

  it('waits for six alarms on end, all of them after the fault', () => {
    const flags = new Uint8Array(30);
    flags.fill(1, 8, 15);
    expect(scoreDetection(flags, 10).delayRows).toBeNull();
    flags.fill(1, 20, 26);
    expect(scoreDetection(flags, 10).delayRows).toBe(10);
    flags[15] = 1;
    expect(scoreDetection(flags, 10).delayRows).toBe(0);
  });

  it('says null for the part of a run that is not there', () => {
    const flags = Uint8Array.of(1, 0);
    expect(scoreDetection(flags, 2)).toEqual({ detectionRate: null, falseAlarmRate: 0.5, delayRows: null });
    expect(scoreDetection(flags, 0)).toEqual({ detectionRate: 0.5, falseAlarmRate: null, delayRows: null });
    expect(() => scoreDetection(flags, 3)).toThrow('fault row 3');
  });
});

describe.skipIf(!present)('scoreDetection against the PCA baseline on TEP', () => {
  it.each(['PCA_a11', 'PCA_a9'])('%s', (name) => {
    const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8')) as { models: Record<string, Model> };
    const model = vectors.models[name];
    const flagsOf = fitPca(readRun('d00')!.transpose(), model);
    const normal = flagsOf(readRun('d00_te')!);
    expect(rounded(scoreDetection(normal.T2, 960).falseAlarmRate)).toBe(fixed(model.FAR_d00_te_pct.T2));
    expect(rounded(scoreDetection(normal.Q, 960).falseAlarmRate)).toBe(fixed(model.FAR_d00_te_pct.Q));
    let scored = 0;
    for (const [fault, expected] of Object.entries(model.faults)) {
      const run = readRun(`d${fault.padStart(2, '0')}_te`);
      if (!run) continue;
      scored++;
      const flags = flagsOf(run);
      // The vectors have two digits; one row more or less is 0.125 % of a run's faulty part.
      const t2 = scoreDetection(flags.T2, FAULT_ROW);
      const q = scoreDetection(flags.Q, FAULT_ROW);
      expect(percent(t2.detectionRate)).toBeCloseTo(expected.FDR_T2, 1);
      expect(percent(t2.falseAlarmRate)).toBeCloseTo(expected.FAR_T2, 1);
      expect(t2.delayRows).toBe(expected.delay_T2_6consec);
      expect(percent(q.detectionRate)).toBeCloseTo(expected.FDR_Q, 1);
      expect(percent(q.falseAlarmRate)).toBeCloseTo(expected.FAR_Q, 1);
      expect(q.delayRows).toBe(expected.delay_Q_6consec);
    }
    if (scored < 21) console.warn(`TEP: ${scored} of 21 fault runs are here, only they are scored`);
    expect(scored).toBeGreaterThan(0);
  });
});

function percent(share: number | null): number {
  return 100 * (share ?? Number.NaN);
}

function fixed(value: number): string {
  return value.toFixed(6);
}

function rounded(share: number | null): string {
  return fixed(percent(share));
}

function readRun(name: string): Matrix | null {
  const url = new URL(`tep/${name}.dat.gz`, data);
  if (!existsSync(url)) return null;
  const lines = gunzipSync(readFileSync(url)).toString('utf8').trim().split('\n');
  return new Matrix(lines.map((line) => line.trim().split(/\s+/).map(Number)));
}

/** Hotelling's T2 on the first `a` components and the squared residual Q, both over the limits of the vectors. */
function fitPca(train: Matrix, { a, limits99 }: Model): (run: Matrix) => { T2: Uint8Array; Q: Uint8Array } {
  const mean = train.mean('column');
  const deviation = train.standardDeviation('column', { unbiased: true });
  const scale = (run: Matrix) => run.clone().subRowVector(mean).divRowVector(deviation);
  const scaled = scale(train);
  const covariance = scaled
    .transpose()
    .mmul(scaled)
    .div(train.rows - 1);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, index) => index)
    .sort((i, j) => realEigenvalues[j] - realEigenvalues[i]);
  const kept = order.slice(0, a);
  const loadings = eigenvectorMatrix.subMatrixColumn(kept);
  return (run) => {
    const rows = scale(run);
    const components = rows.mmul(loadings);
    const residual = rows.clone().sub(components.mmul(loadings.transpose()));
    const T2 = new Uint8Array(run.rows);
    const Q = new Uint8Array(run.rows);
    for (let row = 0; row < run.rows; row++) {
      const t2 = kept.reduce(
        (sum, k, index) => sum + components.get(row, index) ** 2 / realEigenvalues[k],
        0,
      );
      const q = residual.getRow(row).reduce((sum, value) => sum + value ** 2, 0);
      T2[row] = Number(t2 > limits99.T2);
      Q[row] = Number(q > limits99.Q);
    }
    return { T2, Q };
  };
}
