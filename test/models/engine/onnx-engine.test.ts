import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { convSpecs, engineContract, forecasterSpecs, gruSpecs, lstmSpecs } from './contract.ts';

for (const specs of [lstmSpecs, gruSpecs, convSpecs, forecasterSpecs]) {
  engineContract('onnx', specs, () => createOnnxEngine());
}
