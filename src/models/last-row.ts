import type { Scaling } from './engine.ts';
import { scaleValue } from './scaling.ts';
import type { WindowBatch } from './window-batch.ts';

/**
 * What was read and what the source expected, in raw units: the (clipped) measurement less the residual. A missing
 * reading is NaN, and the held value was as expected.
 */
export function lastRowOf(
  batch: WindowBatch,
  i: number,
  residual: Float32Array,
  scaling: Scaling,
): { actual: Float32Array; expected: Float32Array } {
  const actual = batch.lastRow(i);
  const expected = actual.map((value, channel) => {
    const error = Number.isNaN(residual[channel]) ? 0 : residual[channel];
    const predicted = scaleValue(value, channel, scaling) - error;
    return scaling.center[channel] + predicted * scaling.scale[channel];
  });
  for (let channel = 0; channel < actual.length; channel++) {
    if (!batch.lastRowMeasured(i, channel)) actual[channel] = Number.NaN;
  }
  return { actual, expected };
}
