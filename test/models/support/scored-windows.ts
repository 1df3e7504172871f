import type { ResidualsBySource } from '../../../src/models/decision/decider.ts';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { type Model, predictorsOf } from '../../../src/models/model.ts';
import { createRandom } from '../../../src/models/random.ts';
import { createWindowResiduals } from '../../../src/models/sources/window-residuals.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';

/** A copy in which each reading is missing by the given chance, the last value held, but never a whole row. */
export function withMissingReadings(rows: AssetRows, chance: number, seed: number): AssetRows {
  const random = createRandom(seed);
  const channels = rows.values.length / rows.at.length;
  const values = rows.values.slice();
  const measured = rows.measured.map((cell, i) =>
    i % channels === 0 || random.uniform() >= chance ? cell : 0,
  );
  for (let i = channels; i < values.length; i++) if (measured[i] === 0) values[i] = values[i - channels];
  return { ...rows, values, measured };
}

/** All windows of `length` rows, one from each row on: `[n x T x C]`. */
export function windowsOver(
  { at, values }: AssetRows,
  length: number,
): { count: number; windows: Float32Array } {
  const channels = values.length / at.length;
  const count = at.length - length + 1;
  const size = length * channels;
  const windows = new Float32Array(count * size);
  for (let i = 0; i < count; i++) windows.set(values.subarray(i * channels, i * channels + size), i * size);
  return { count, windows };
}

/** The residuals of windows `[n x T x C]` in raw units from each of the model's sources. */
export async function residualsOfWindows(
  model: Model,
  windows: Float32Array,
  count: number,
): Promise<ResidualsBySource[]> {
  const session = await createOnnxEngine().createScoring(predictorsOf(model));
  const { lastResidual } = await session.score(windows, count);
  await session.dispose();
  const { spec } = model.card;
  const linear = createWindowResiduals(model.scaling, spec.window);
  return Array.from({ length: count }, (_, i) => {
    const network = lastResidual.slice(i * spec.channels, (i + 1) * spec.channels);
    const others = model.linear.map((source) => {
      const residual = new Float32Array(spec.channels);
      linear.write(source, windows, i, residual);
      return [source.kind, residual] as const;
    });
    return { network, ...Object.fromEntries(others) };
  });
}
