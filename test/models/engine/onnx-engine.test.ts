import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { convSpecs, engineContract, gruSpecs, lstmSpecs } from './contract.ts';

for (const specs of [lstmSpecs, gruSpecs, convSpecs]) engineContract('onnx', specs, () => createOnnxEngine());
