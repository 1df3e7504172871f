import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxEngine } from '../../dist/models/engine/onnx/onnx-engine.js';
import { encodePortableModel } from '../../dist/models/engine/onnx/portable-graph.js';
import { flopsPerWindow, modelOf, networks, windowsOf } from './network.mjs';
import { encodeNpy } from './npy.mjs';

const batch = 256;

/**
 * Writes the reference network so that others can run the very same beside it: `reference.onnx` (`windows` to
 * `last_residual`, `squared_error` and `reconstruction`), one batch of input and what the engine makes of it, and each
 * weight, as .npy, and `network.json`, which says what they are. The scaling leaves values as they are.
 */
export async function exportReference(directory, say) {
  const model = modelOf(networks.reference);
  const { spec, weights } = model;
  const windows = windowsOf(spec, batch);
  const session = await createOnnxEngine().createScoring(model);
  const { lastResidual, squaredError } = await session.score(windows, batch);
  const reconstruction = await session.reconstruct(windows, batch);
  await session.dispose();

  const whole = [batch, spec.window, spec.channels];
  const arrays = {
    input: { shape: whole, data: windows },
    reconstruction: { shape: whole, data: reconstruction },
    last_residual: { shape: [batch, spec.channels], data: lastResidual },
    squared_error: { shape: [batch, spec.channels], data: squaredError },
    ...weights,
  };
  mkdirSync(directory, { recursive: true });
  const write = (name, bytes) => writeFileSync(join(directory, name), bytes);
  for (const [name, { shape, data }] of Object.entries(arrays)) write(`${name}.npy`, encodeNpy(shape, data));
  write('reference.onnx', encodePortableModel(model, { network: 'reference' }));
  const description = {
    spec,
    batch,
    flops_per_window: flopsPerWindow(spec),
    gates:
      'The 4H columns of input, recurrent and bias are the gates input, forget, output, candidate (i f o g): c = s(f) c + s(i) tanh(g), h = s(o) tanh(c), with h = c = 0 at the start. x * kernel with row vectors x.',
    network:
      'The encoder reads the window; its last h is the input of the decoder at every step; the output layer turns each h of the decoder into a row, first row first.',
    last_residual: 'input minus reconstruction, of the last row',
    squared_error: 'mean over the rows of (input minus reconstruction) squared',
    arrays: Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape])),
  };
  write('network.json', `${JSON.stringify(description, null, 2)}\n`);
  say(`the reference network and ${batch} windows are in ${directory}`);
}
