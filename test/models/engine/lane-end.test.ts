import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const dist = new URL('../../../dist/', import.meta.url);

/** Nothing but the engine keeps this process alive: what it leaves undone ends it with code 13. */
const program = `
  import { createOnnxEngine } from '${new URL('models/engine/onnx/onnx-engine.js', dist)}';
  import { initialWeights } from '${new URL('models/spec.js', dist)}';
  const spec = { kind: 'lstm_autoencoder', window: 4, channels: 2, hidden: 4, latent: 2, reverse: true };
  const scaling = { center: new Float32Array(2), scale: new Float32Array(2).fill(1), clip: 10 };
  for (let round = 0; round < 20; round++) {
    const session = await createOnnxEngine({ lanes: 2 }).createScoring({ spec, weights: initialWeights(spec, 1), scaling });
    await session.score(new Float32Array(8), 1);
    await session.dispose();
  }
  console.log('disposed');
`;

it('a process that waits for the end of a session is there to see it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(dist),
  });
  expect(stdout).toBe('disposed\n');
});
