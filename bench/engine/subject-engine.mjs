import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createOnnxEngine } from '../../dist/models/engine/onnx/onnx-engine.js';
import { loadTensorFlow } from '../../dist/models/engine/tensorflow/load.js';
import { startTensorFlowEngine } from '../../dist/models/engine/tensorflow/tensorflow-engine.js';
import { createMatrixProduct } from './matrix-product.mjs';
import { createStockEngine } from './stock-layers.mjs';

/** Throws an Error with the reason where this machine has not what it takes. */
export async function createEngine(name, cores) {
  switch (name) {
    case 'onnx':
      return createOnnxEngine();
    case 'tensorflow':
      return startTensorFlowEngine();
    case 'tfjs-wasm':
      return createStockEngine(await loadWasm());
    case 'tfjs-node':
      // Stock layers with TensorFlow's own number of threads, not the one that suits our fused op.
      process.env.TF_NUM_INTRAOP_THREADS = '0';
      return createStockEngine(
        loadTensorFlow(fileURLToPath(new URL('../../.cache/tensorflow', import.meta.url))).tf,
      );
    case 'matmul':
      return createMatrixProduct(cores);
    default:
      throw new Error(`there is no engine ${name}`);
  }
}

async function loadWasm() {
  // Their CommonJS files: the ES modules do not name their files as Node wants it.
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs-core');
  const { layers, sequential } = require('@tensorflow/tfjs-layers');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  return { ...tf, layers, sequential };
}
