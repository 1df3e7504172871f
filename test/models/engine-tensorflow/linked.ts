import { detectTensorFlow } from '../../../src/models/engine/tensorflow/tensorflow-engine.ts';

/**
 * Whether this machine has a TensorFlow to test on. Says loudly why not: a test that is skipped looks like one that
 * passes.
 */
export async function tensorFlowIsHere(): Promise<boolean> {
  const detected = await detectTensorFlow();
  if (detected.runtime !== null) return true;
  console.warn(
    `SKIPPED: the tests of the TensorFlow engine, because ${detected.reason} ` +
      '`npm run tensorflow:link -- --install` makes them run.',
  );
  return false;
}
