import type { TensorFlowRuntime } from '../../../src/models/engine/tensorflow/protocol.ts';
import { detectTensorFlow } from '../../../src/models/engine/tensorflow/tensorflow-engine.ts';

/**
 * The TensorFlow of this machine to test on, or null. Says loudly why there is none: a test that is skipped looks like
 * one that passes.
 */
export async function tensorFlowHere(): Promise<TensorFlowRuntime | null> {
  const detected = await detectTensorFlow();
  if (detected.runtime !== null) return detected.runtime;
  console.warn(
    `SKIPPED: the tests of the TensorFlow engine, because ${detected.reason} ` +
      '`npm run tensorflow:link -- --install` makes them run.',
  );
  return null;
}
