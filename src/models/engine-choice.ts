import { existsSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { createFallbackEngine } from './engine/fallback-engine.ts';
import { createOnnxEngine } from './engine/onnx/onnx-engine.ts';
import { startTensorFlowEngine, type TensorFlowEngine } from './engine/tensorflow/tensorflow-engine.ts';
import type { Engine } from './engine.ts';

/** `auto` takes TensorFlow where it loads and sees a GPU, and ONNX Runtime elsewhere. */
export type EngineChoice = 'auto' | 'onnx' | 'tensorflow';

export interface EngineStatus {
  readonly wanted: EngineChoice;
  readonly kind: Engine['kind'];
  /** What TensorFlow runs on; null while ONNX Runtime computes. */
  readonly device: 'gpu' | 'cpu' | null;
  /** Why TensorFlow was wanted but does not compute; null when all is as wanted. */
  readonly fallback: string | null;
}

export interface ChosenEngine {
  readonly engine: Engine;
  status(): EngineStatus;
  stop(): Promise<void>;
}

/** What an NVIDIA driver leaves where TensorFlow could see a GPU: Linux's device, and that of Linux under Windows. */
const gpuDevices = ['/dev/nvidiactl', '/dev/dxg'];

/**
 * Starts the engine of the configuration. Never throws: where TensorFlow is wanted and cannot compute, now or later, the
 * CPU engine does; `onFallback` hears of it once, and the status says why.
 */
export async function chooseEngine(
  wanted: EngineChoice,
  options: { onFallback(reason: string): void; linked?: string },
): Promise<ChosenEngine> {
  const onnx = createOnnxEngine();
  if (wanted === 'onnx') return plain(onnx, wanted, null);
  // Loading TensorFlow takes seconds and hundreds of MB, only to learn that there is no GPU.
  if (wanted === 'auto' && !gpuDevices.some((device) => existsSync(device))) return plain(onnx, wanted, null);
  let tensorflow: TensorFlowEngine;
  try {
    tensorflow = await startTensorFlowEngine(options.linked === undefined ? {} : { linked: options.linked });
  } catch (error) {
    options.onFallback(messageOf(error));
    return plain(onnx, wanted, messageOf(error));
  }
  if (wanted === 'auto' && !tensorflow.runtime.gpu) {
    await tensorflow.stop();
    return plain(onnx, wanted, null);
  }
  let fallback: string | null = null;
  const engine = createFallbackEngine(tensorflow, onnx, (error) => {
    fallback = error.message;
    options.onFallback(error.message);
  });
  const device = tensorflow.runtime.gpu ? 'gpu' : 'cpu';
  return {
    engine,
    status: () => ({ wanted, kind: engine.kind, device: fallback === null ? device : null, fallback }),
    stop: () => tensorflow.stop(),
  };
}

function plain(engine: Engine, wanted: EngineChoice, fallback: string | null): ChosenEngine {
  return {
    engine,
    status: () => ({ wanted, kind: engine.kind, device: null, fallback }),
    stop: () => Promise.resolve(),
  };
}
