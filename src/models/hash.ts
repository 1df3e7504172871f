import { createHash } from 'node:crypto';
import type { Calibration } from './decision/calibration.ts';
import type { Scaling, Weights } from './engine.ts';
import { type NetworkSpec, weightShapes } from './spec.ts';

/** SHA-256 (hex) over everything that decides a score; the same on every machine with the same byte order. */
export function modelHash(
  channels: readonly string[],
  parts: { spec: NetworkSpec; scaling: Scaling; calibration: Calibration; weights: Weights },
): string {
  const { spec, scaling, calibration, weights } = parts;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([channels, spec, scaling.clip, calibration.smoothing, calibration.threshold]));
  const arrays = [
    scaling.center,
    scaling.scale,
    calibration.mean,
    calibration.deviation,
    calibration.precision,
  ];
  // They are stored as JSON, which has no -0; adding 0 makes one of it.
  for (const array of arrays) hash.update(bytesOf(array.map((value) => value + 0)));
  for (const { name } of weightShapes(spec)) {
    const { shape, data } = weights[name];
    hash.update(JSON.stringify([name, shape]));
    hash.update(bytesOf(data));
  }
  return hash.digest('hex');
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
