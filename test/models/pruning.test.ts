import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { NamedTensor, Weights } from '../../src/models/engine.ts';
import { pruneUnits } from '../../src/models/pruning.ts';
import { createRandom } from '../../src/models/random.ts';
import { checkWeights, initialWeights, type LstmAutoencoderSpec } from '../../src/models/spec.ts';

const wide: LstmAutoencoderSpec = {
  kind: 'lstm_autoencoder',
  window: 6,
  channels: 3,
  hidden: 8,
  latent: 4,
  reverse: true,
};
/** Units that count, scattered, and other ones in each layer. */
const alive = { encoder: [0, 3, 4, 7], decoder: [1, 2, 6] };

/** Weights whose units that are not alive have no weight from or to anything; biases stay. */
function withDeadUnits(spec: LstmAutoencoderSpec): Weights {
  const weights = initialWeights(spec, 5);
  // Without this a bias that is sliced wrongly would not show.
  const random = createRandom(6);
  for (const { shape, data } of Object.values(weights))
    if (shape.length === 1) for (let i = 0; i < data.length; i++) data[i] += 0.3 * random.gaussian();
  const clear = (name: string, dead: (row: number, column: number) => boolean): void => {
    const { shape, data }: NamedTensor = weights[name];
    for (let i = 0; i < data.length; i++) if (dead(Math.floor(i / shape[1]), i % shape[1])) data[i] = 0;
  };
  const isDead = (layer: 'encoder' | 'decoder', unit: number) => !alive[layer].includes(unit % spec.hidden);
  for (const layer of ['encoder', 'decoder'] as const) {
    clear(`${layer}.input`, (_, column) => isDead(layer, column));
    clear(`${layer}.recurrent`, (row, column) => isDead(layer, row) || isDead(layer, column));
  }
  clear(spec.latent === null ? 'decoder.input' : 'latent.kernel', (row) => isDead('encoder', row));
  clear('output.kernel', (row) => isDead('decoder', row));
  return weights;
}

describe('pruneUnits', () => {
  it.each([
    ['with a latent layer', wide],
    ['with the last state as latent vector', { ...wide, latent: null }],
    ['with a decoder that writes forward', { ...wide, reverse: false }],
  ])('changes no output when it takes away units without weights, %s', async (_, spec) => {
    const weights = withDeadUnits(spec);
    const pruned = pruneUnits(spec, weights, 4);
    expect(pruned.spec).toEqual({ ...spec, hidden: 4 });
    checkWeights(pruned.spec, pruned.weights);
    const random = createRandom(1);
    const windows = Float32Array.from({ length: 5 * 6 * 3 }, () => random.gaussian());
    const outputs = await Promise.all(
      [{ spec, weights }, pruned].map(async (network) => {
        const scaling = { center: new Float32Array(3), scale: new Float32Array(3).fill(1), clip: 10 };
        const session = await createOnnxEngine().createScoring({ ...network, scaling });
        const output = await session.reconstruct(windows, 5);
        await session.dispose();
        return output;
      }),
    );
    // Small enough to be rounding, and the outputs themselves are not.
    expect(Math.max(...outputs[0].map(Math.abs))).toBeGreaterThan(0.1);
    expect(Math.max(...outputs[0].map((value, i) => Math.abs(value - outputs[1][i])))).toBeLessThan(1e-5);
  });

  it('keeps the heaviest units of each layer in their order, all four gates of each', () => {
    const { weights } = pruneUnits(wide, withDeadUnits(wide), 3);
    const kept = weights['decoder.bias'].data;
    const all = withDeadUnits(wide)['decoder.bias'].data;
    const expected = [0, 1, 2, 3].flatMap((gate) => alive.decoder.map((unit) => all[8 * gate + unit]));
    expect([...kept]).toEqual(expected);
  });

  it('leaves the weights that it is given alone, and all units give the network itself', () => {
    const weights = withDeadUnits(wide);
    const copy = structuredClone(weights);
    expect(pruneUnits(wide, weights, 8)).toEqual({ spec: wide, weights });
    pruneUnits(wide, weights, 2);
    expect(weights).toEqual(copy);
  });
});
