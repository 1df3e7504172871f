import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import { messageOf } from '../../../errors.ts';
import type { TensorFlowRuntime } from './protocol.ts';
import type { Tfjs } from './tfjs.ts';

/** The GPU package first: it runs on the CPU as well where it finds no GPU. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * Loads TensorFlow's Node binding: from `linked` (a folder that `npm run tensorflow:link` filled) when there is one,
 * because somebody built it for this machine on purpose, and from the project's own packages otherwise. Throws an
 * `Error` that names every place it tried and why it failed there.
 */
export function loadTensorFlow(linked: string): { tf: Tfjs; runtime: TensorFlowRuntime } {
  provideRemovedFunctions();
  const failures: string[] = [];
  for (const { from, require } of places(linked)) {
    for (const name of PACKAGES) {
      let manifest: { version: string };
      try {
        manifest = require(`${name}/package.json`);
      } catch {
        failures.push(`${name} is not installed in ${from}`);
        continue;
      }
      try {
        const tf: Tfjs = require(name);
        const { binding } = tf.backend();
        const runtime = {
          package: name,
          packageVersion: manifest.version,
          tensorflowVersion: binding.TF_Version,
          gpu: binding.isUsingGpuDevice(),
        };
        return { tf, runtime };
      } catch (error) {
        failures.push(`${name} in ${from} does not load: ${messageOf(error).split('\n')[0]}`);
      }
    }
  }
  throw new Error(failures.join('; '));
}

function places(linked: string): readonly { from: string; require: NodeJS.Require }[] {
  const own = { from: 'the project', require: createRequire(import.meta.url) };
  if (!existsSync(join(linked, 'node_modules'))) return [own];
  return [{ from: linked, require: createRequire(join(linked, 'package.json')) }, own];
}

/**
 * tfjs-node 4.22 calls these functions of `node:util`, which Node removed in version 23. Defining them on the module
 * object is what its CommonJS files see.
 */
function provideRemovedFunctions(): void {
  const module = util as unknown as Record<string, unknown>;
  module.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  module.isArray ??= Array.isArray;
}
