import { afterAll, describe } from 'vitest';
import { startTensorFlowEngine } from '../../../src/models/engine/tensorflow/tensorflow-engine.ts';
import { engineContract } from '../engine/contract.ts';
import { lstmSpecs } from '../engine/contract-networks.ts';
import { tensorFlowHere } from './linked.ts';

describe.skipIf((await tensorFlowHere()) === null)('contract', () => {
  const started = startTensorFlowEngine();
  // Awaited by the contract; without it nobody would hear of a failure.
  started.catch(() => undefined);
  afterAll(async () => (await started).stop());
  engineContract('tensorflow', lstmSpecs, () => started);
});
