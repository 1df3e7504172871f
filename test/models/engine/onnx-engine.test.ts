import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { engineContract } from './contract.ts';
import { convSpecs, forecasterSpecs, gruSpecs, lstmSpecs } from './contract-networks.ts';

for (const specs of [lstmSpecs, gruSpecs, convSpecs, forecasterSpecs]) {
  engineContract('onnx', specs, () => createOnnxEngine());
}
