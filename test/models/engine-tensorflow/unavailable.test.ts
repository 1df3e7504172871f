import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  detectTensorFlow,
  startTensorFlowEngine,
} from '../../../src/models/engine/tensorflow/tensorflow-engine.ts';

/** The optional package of the project itself would be found after the folder that the tests name. */
function projectHasOne(): boolean {
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(projectHasOne())('without a TensorFlow that loads', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'forewarn-'));
    const broken = join(folder, 'node_modules/@tensorflow/tfjs-node');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'package.json'), '{ "version": "4.22.0", "main": "index.js" }');
    writeFileSync(join(broken, 'index.js'), 'throw new Error("libcuda is too old");');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('refuses to start and says what it tried', async () => {
    await expect(startTensorFlowEngine({ linked: folder })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      retryable: false,
      message: expect.stringMatching(/tfjs-node in .* does not load: libcuda is too old/),
    });
  });

  it('is detected as absent, with the reason', async () => {
    const detected = await detectTensorFlow({ linked: join(folder, 'nowhere') });
    expect(detected).toEqual({
      runtime: null,
      reason: expect.stringContaining('@tensorflow/tfjs-node-gpu is not installed'),
    });
  });
});
