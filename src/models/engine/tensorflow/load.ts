import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { dlopen, env } from 'node:process';
import util from 'node:util';
import { messageOf } from '../../../errors.ts';
import type { TensorFlowRuntime } from './protocol.ts';
import type { Tfjs } from './tfjs.ts';

/** The GPU package first: it runs on the CPU as well where it finds no GPU. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** `scripts/tensorflow-link.mjs` leaves it in a package whose binding several threads may use at once. */
const MENDED = 'forewarn-threads.json';

/**
 * Loads TensorFlow's Node binding: from `linked` (a folder that `npm run tensorflow:link` filled) when there is one,
 * because somebody built it for this machine on purpose, and from the project's own packages otherwise. Throws an
 * `Error` that names every place it tried and why it failed there.
 */
export function loadTensorFlow(linked: string): { tf: Tfjs; runtime: TensorFlowRuntime } {
  provideRemovedFunctions();
  keepLibrariesLoaded();
  setDefaults();
  const failures: string[] = [];
  for (const { from, require } of places(linked)) {
    for (const name of PACKAGES) {
      let manifest: { version: string };
      let folder: string;
      try {
        manifest = require(`${name}/package.json`);
        folder = dirname(require.resolve(`${name}/package.json`));
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
          threadSafe: existsSync(join(folder, MENDED)),
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

/** glibc's flag for "never unload"; Node names only the others. */
const RTLD_NODELETE = 0x1000;

/**
 * Node unloads a thread's native modules when the thread ends. TensorFlow leaves things behind that run at the end of
 * the process, which would then jump into unmapped memory: its library must stay.
 */
function keepLibrariesLoaded(): void {
  const { extensions } = createRequire(import.meta.url);
  extensions['.node'] = (module, file) => dlopen(module, file, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
}

/**
 * TensorFlow takes these settings from the environment only, when it is loaded; what the user has set stays. They
 * reach it because the worker shares the process's environment.
 */
function setDefaults(): void {
  // The fused op on the CPU is twice as fast on one thread: with more they meet several times a step (docs/gpu.md).
  env.TF_NUM_INTRAOP_THREADS ??= '1';
  // TensorFlow would take all memory of the GPU at its start.
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Only errors: the rest are remarks on the build and the processor.
  env.TF_CPP_MIN_LOG_LEVEL ??= '2';
}
