import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ForewarnError, messageOf } from '../errors.ts';
import type { Detector } from './decision/detector.ts';
import { flatten, parameterCount, unflatten } from './engine/flat-weights.ts';
import type { Weights } from './engine.ts';
import { modelHash } from './hash.ts';
import type { Model, ModelCard } from './model.ts';
import type { LinearSource } from './sources/linear-source.ts';
import { checkWeights } from './spec.ts';

/** Raised when the files of an artefact change shape. */
const formatVersion = 2;

interface ModelFile {
  readonly format: number;
  readonly card: ModelCard;
  readonly scaling: { center: number[]; scale: number[]; clip: number };
  readonly linear: {
    kind: LinearSource['kind'];
    now: number[] | null;
    before: number[] | null;
    offset: number[];
  }[];
  readonly detectors: (Omit<Detector, 'mean' | 'precision'> & { mean: number[]; precision: number[] })[];
  /** By asset id, for each detector; absent in what older versions wrote. */
  readonly assets?: Readonly<Record<string, { mean: number[]; factor: number }[]>>;
}

/**
 * Writes a model version as a folder: `model.json` (card, scaling, linear sources, detectors, what holds for single assets) and `weights.bin` (float32, little
 * endian, in the order of `weightShapes`). The folder appears complete or not at all, also through a power cut.
 */
export function saveModel(directory: string, model: Model): void {
  const { card, scaling, linear, calibration, weights } = model;
  const file: ModelFile = {
    format: formatVersion,
    card,
    scaling: { center: [...scaling.center], scale: [...scaling.scale], clip: scaling.clip },
    linear: linear.map(({ kind, now, before, offset }) => ({
      kind,
      now: now && [...now],
      before: before && [...before],
      offset: [...offset],
    })),
    detectors: calibration.detectors.map((detector) => ({
      ...detector,
      mean: [...detector.mean],
      precision: [...detector.precision],
    })),
    assets: mapValues(calibration.assets ?? {}, (parts) =>
      parts.map(({ mean, factor }) => ({ mean: [...mean], factor })),
    ),
  };
  const partial = `${directory}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeDurably(join(partial, 'weights.bin'), new Uint8Array(flatten(card.spec, weights).buffer));
  writeDurably(join(partial, 'model.json'), Buffer.from(`${JSON.stringify(file, null, 2)}\n`));
  syncDirectory(partial);
  renameSync(partial, directory);
  syncDirectory(dirname(directory));
}

/** Reads a model version and checks it whole. Throws MODEL_MALFORMED, naming the file and what is wrong with it. */
export function loadModel(directory: string): Model {
  try {
    const file = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8')) as ModelFile;
    if (file.format !== formatVersion) throw new Error(`format ${file.format} is not known to this version`);
    const weights = unpackWeights(file.card, readFileSync(join(directory, 'weights.bin')));
    const model: Model = {
      card: file.card,
      weights,
      scaling: {
        center: Float32Array.from(file.scaling.center),
        scale: Float32Array.from(file.scaling.scale),
        clip: file.scaling.clip,
      },
      linear: file.linear.map(({ kind, now, before, offset }) => ({
        kind,
        now: now && Float32Array.from(now),
        before: before && Float32Array.from(before),
        offset: Float32Array.from(offset),
      })),
      calibration: {
        detectors: file.detectors.map((detector) => ({
          ...detector,
          // JSON has no infinity; a model that saw too little to judge by has such thresholds.
          threshold: detector.threshold ?? Number.POSITIVE_INFINITY,
          mean: Float32Array.from(detector.mean),
          precision: Float32Array.from(detector.precision),
        })),
        assets: mapValues(file.assets ?? {}, (parts) =>
          parts.map(({ mean, factor }) => ({ mean: Float32Array.from(mean), factor })),
        ),
      },
    };
    checkWeights(file.card.spec, weights);
    const hash = modelHash(file.card.channels, { ...model, spec: file.card.spec });
    if (hash !== file.card.hash)
      throw new Error('its content does not match its hash; it was damaged or edited');
    return model;
  } catch (error) {
    throw new ForewarnError('MODEL_MALFORMED', `Model ${directory} cannot be used: ${messageOf(error)}`, {
      cause: error,
      hint: 'Restore the folder from a backup, or remove it and let the class train again.',
    });
  }
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, to: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}

function unpackWeights(card: ModelCard, bytes: Buffer): Weights {
  const expected = Float32Array.BYTES_PER_ELEMENT * parameterCount(card.spec);
  if (bytes.length !== expected)
    throw new Error(`weights.bin has ${bytes.length} bytes, the network needs ${expected}`);
  return unflatten(
    card.spec,
    new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  );
}

/** Writes a file so that it is on the disk when this returns. */
function writeDurably(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'w', 0o640);
  try {
    // Unlike a single write, this goes on after a short one, as a disk that is filling up gives.
    writeFileSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Puts a file in the place of one of that name: it is there whole or as it was before, also after a power cut. */
export function replaceDurably(path: string, bytes: Uint8Array): void {
  const partial = `${path}.partial`;
  try {
    writeDurably(partial, bytes);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes a rename in the directory durable. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
