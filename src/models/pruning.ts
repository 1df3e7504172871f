import type { NamedTensor, Weights } from './engine.ts';
import { type LstmAutoencoderSpec, sizeOf, weightShapes } from './spec.ts';

type Layer = 'encoder' | 'decoder';

/** Whose units a weight's rows, and the blocks of its columns, stand for; null stands for neither LSTM's. */
interface Axes {
  readonly rows: Layer | null;
  readonly columns: Layer | null;
}

/**
 * Keeps the `hidden` units of the encoder and of the decoder that have the largest L2 norm of incoming and outgoing
 * weights over all gates (magnitude pruning by whole units, after Li 2017, "Pruning filters for efficient convnets"), in
 * their old order. What is left keeps its weights: a start for fitting, not yet a good network. `hidden` is from 1 to
 * the network's own.
 */
export function pruneUnits(
  spec: LstmAutoencoderSpec,
  weights: Weights,
  hidden: number,
): { readonly spec: LstmAutoencoderSpec; readonly weights: Weights } {
  const kept = {
    encoder: heaviest(unitNorms('encoder', spec, weights), hidden),
    decoder: heaviest(unitNorms('decoder', spec, weights), hidden),
  };
  const pruned = { ...spec, hidden };
  const shapes = new Map(weightShapes(pruned).map(({ name, shape }) => [name, shape]));
  const slices = Object.entries(weights).map(([name, tensor]): [string, NamedTensor] => {
    const { rows, columns } = axesOf(name, spec);
    const [height, width] = sidesOf(tensor.shape);
    const keptRows = rows === null ? range(height) : kept[rows];
    const keptColumns = columns === null ? range(width) : inEachGate(kept[columns], spec.hidden);
    const shape = shapes.get(name)!;
    const data = new Float32Array(sizeOf(shape));
    let at = 0;
    for (const row of keptRows)
      for (const column of keptColumns) data[at++] = tensor.data[row * width + column];
    return [name, { shape, data }];
  });
  return { spec: pruned, weights: Object.fromEntries(slices) };
}

function axesOf(name: string, { latent }: LstmAutoencoderSpec): Axes {
  switch (name) {
    case 'encoder.input':
    case 'encoder.bias':
      return { rows: null, columns: 'encoder' };
    case 'encoder.recurrent':
      return { rows: 'encoder', columns: 'encoder' };
    case 'latent.kernel':
      return { rows: 'encoder', columns: null };
    case 'decoder.input':
      return { rows: latent === null ? 'encoder' : null, columns: 'decoder' };
    case 'decoder.bias':
      return { rows: null, columns: 'decoder' };
    case 'decoder.recurrent':
      return { rows: 'decoder', columns: 'decoder' };
    case 'output.kernel':
      return { rows: 'decoder', columns: null };
    default:
      return { rows: null, columns: null };
  }
}

/** Squared norm of each unit's incoming and outgoing weights. Biases do not count: they say nothing of use. */
function unitNorms(layer: Layer, spec: LstmAutoencoderSpec, weights: Weights): Float64Array {
  const norms = new Float64Array(spec.hidden);
  for (const [name, { shape, data }] of Object.entries(weights)) {
    if (shape.length === 1) continue;
    const { rows, columns } = axesOf(name, spec);
    const [height, width] = sidesOf(shape);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const square = data[row * width + column] ** 2;
        if (rows === layer) norms[row] += square;
        if (columns === layer) norms[column % spec.hidden] += square;
      }
    }
  }
  return norms;
}

function heaviest(norms: Float64Array, count: number): number[] {
  return range(norms.length)
    .sort((a, b) => norms[b] - norms[a] || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** The units' columns in each of the 4 gate blocks of `hidden` columns. */
function inEachGate(units: readonly number[], hidden: number): number[] {
  return range(4).flatMap((gate) => units.map((unit) => gate * hidden + unit));
}

/** A vector counts as one row. */
function sidesOf(shape: readonly number[]): readonly [height: number, width: number] {
  return shape.length === 1 ? [1, shape[0]] : [shape[0], shape[1]];
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
