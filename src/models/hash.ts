import { createHash } from 'node:crypto';
import type { Calibration } from './decision/detector.ts';
import type { Predictors } from './model.ts';
import { weightShapes } from './spec.ts';

/** SHA-256 (hex) over everything that decides a score; the same on every machine with the same byte order. */
export function modelHash(
  channels: readonly string[],
  parts: Predictors & { readonly calibration: Calibration },
): string {
  const { spec, scaling, calibration, weights, linear } = parts;
  const hash = createHash('sha256');
  const assets = Object.entries(calibration.assets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const numbers = calibration.detectors.map(({ mean: _mean, precision: _precision, ...rest }) => rest);
  const kinds = linear.map(({ kind, now, before }) => [kind, now !== null, before !== null]);
  hash.update(JSON.stringify([channels, spec, scaling.clip, kinds, numbers]));
  // Nothing where no asset has values of its own, so that models from before there were any keep their hash.
  if (assets.length > 0)
    hash.update(JSON.stringify(assets.map(([id, parts]) => [id, parts.map(({ factor }) => factor)])));
  const arrays = [
    scaling.center,
    scaling.scale,
    ...linear.flatMap(({ now, before, offset }) => [now, before, offset].filter((array) => array !== null)),
    ...calibration.detectors.flatMap(({ mean, precision }) => [mean, precision]),
    ...assets.flatMap(([, parts]) => parts.map(({ mean }) => mean)),
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
