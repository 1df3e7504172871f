import { describe, expect, it } from 'vitest';
import { createDecider } from '../../../src/models/decision/decider.ts';
import type { Calibration } from '../../../src/models/decision/detector.ts';
import { fewestLevelWindows, fitLevel } from '../../../src/models/decision/level-fit.ts';
import type { ResidualRun } from '../../../src/models/decision/smoothed-run.ts';
import { createRandom } from '../../../src/models/random.ts';
import { plainDetector } from '../support/fixtures.ts';

const channels = 2;
/** Residuals have deviation 0.3: a smoothed one is beyond 1 only where a level has moved. */
const calibration: Calibration = {
  detectors: [
    plainDetector(channels, { smoothing: 0.5 }),
    plainDetector(channels, { kind: 'burst', energySmoothing: 0.3, threshold: 1.5 }),
  ],
};

/** A run whose first channel is off by `offset(window)`. */
function runOf(windows: number, offset: (window: number) => number, deviation = 0.3): ResidualRun {
  const random = createRandom(3);
  const network = new Float32Array(windows * channels);
  for (let window = 0; window < windows; window++) {
    network[window * channels] = offset(window) + deviation * random.gaussian();
    network[window * channels + 1] = deviation * random.gaussian();
  }
  return {
    assetId: 'a',
    residuals: new Map([['network', network]]),
    position: new Float32Array(windows),
    at: new Float64Array(windows),
  };
}

function scoresOf(run: ResidualRun, by: Calibration): number[] {
  const decider = createDecider(by, () => run.assetId);
  const network = run.residuals.get('network')!;
  return Array.from(run.position, (_, window) => {
    const residual = network.subarray(window * channels, (window + 1) * channels);
    return decider.decide(0, { network: residual }, new Float32Array(channels)).value;
  });
}

describe('the level of an asset', () => {
  it('makes the windows of a new level normal, and a departure from it as anomalous as one from the old was', () => {
    const shifted = runOf(400, () => 4);
    expect(Math.min(...scoresOf(shifted, calibration).slice(20))).toBeGreaterThan(1);
    const fit = fitLevel([shifted], 'a', calibration);
    if (fit.kind !== 'steady') throw new Error(fit.kind);
    const accepted = { ...calibration, assets: { a: fit.parts } };
    expect(Math.max(...scoresOf(shifted, accepted).slice(20))).toBeLessThan(1);
    expect(
      Math.min(
        ...scoresOf(
          runOf(400, () => 0),
          accepted,
        ).slice(20),
      ),
    ).toBeGreaterThan(1);
    expect(fit.parts.map(({ factor }) => factor)).toEqual([1, 1]);
  });

  it('is not found in what goes on moving, however slowly', () => {
    for (const windows of [200, 2000, 20_000]) {
      const creeping = runOf(windows, (window) => 2 + (2 * window) / windows);
      expect(fitLevel([creeping], 'a', calibration)).toMatchObject({ kind: 'moving' });
    }
  });

  it('that nobody but a rule calls normal came at once, and stays', () => {
    const part = (from: number, to: number, level: (window: number) => number) =>
      runOf(to - from, (window) => level(from + window));
    /** The alert begins at window 0 and has stood for so many windows. */
    const fitAt = (stands: number, level: (window: number) => number) =>
      fitLevel([part(stands / 2, stands, level)], 'a', calibration, {
        before: [part(-stands / 10, 0, level)],
        after: [part(0, stands / 10, level)],
      }).kind;
    for (const stands of [600, 6000]) {
      const step = (window: number) => (window < 0 ? 0 : 4);
      expect(fitAt(stands, step)).toBe('steady');
      // A season goes on meanwhile.
      expect(fitAt(stands, (window) => step(window) + (0.3 * window) / stands)).toBe('steady');
      // Wear that had crept for so many times as long as the alert stands when it came to the threshold, and may have stopped.
      for (const crept of [0.1, 0.3, 0.5, 1, 3, 10, 100]) {
        const wear = (window: number) => Math.max(0, 2 * (1 + window / (crept * stands)));
        expect(['moving', 'creeping']).toContain(fitAt(stands, wear));
        expect(fitAt(stands, (window) => wear(Math.min(window, stands / 2)))).toBe('creeping');
      }
    }
    expect(fitLevel([runOf(400, () => 4)], 'a', calibration, { before: [], after: [] })).toMatchObject({
      kind: 'creeping',
    });
  });

  it('may waver more than before, up to a bound', () => {
    const wavering = fitLevel([runOf(2000, () => 4, 0.7)], 'a', calibration);
    if (wavering.kind !== 'steady') throw new Error(wavering.kind);
    const least = Math.min(...wavering.parts.map(({ factor }) => factor));
    expect(least).toBeLessThan(1);
    expect(least).toBeGreaterThanOrEqual(0.5);
    expect(fitLevel([runOf(2000, () => 4, 3)], 'a', calibration)).toMatchObject({ kind: 'unsteady' });
  });

  it('needs enough windows, and starts from what the asset had', () => {
    expect(fitLevel([], 'a', calibration)).toEqual({ kind: 'too_few', windows: 0 });
    const few = fitLevel([runOf(fewestLevelWindows + 15, () => 4)], 'a', calibration);
    expect(few).toEqual({ kind: 'too_few', windows: fewestLevelWindows - 1 });
    const own = { mean: new Float32Array(channels), factor: 0.6 };
    const fit = fitLevel([runOf(400, () => 4)], 'a', { ...calibration, assets: { a: [own, own] } });
    expect(fit).toMatchObject({ kind: 'steady', parts: [{ factor: 0.6 }, { factor: 0.6 }] });
  });
});
