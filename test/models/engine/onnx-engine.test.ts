import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { engineContract } from './contract.ts';

engineContract('onnx', () => createOnnxEngine());
