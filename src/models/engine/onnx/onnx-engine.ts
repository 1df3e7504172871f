import { availableParallelism } from 'node:os';
import type { Engine } from '../../engine.ts';
import { checkScaling, checkWeights } from '../../spec.ts';
import { Lane } from './lane.ts';
import { createOnnxScoring } from './onnx-scoring.ts';
import { createOnnxTraining } from './onnx-training.ts';

/** Beyond this a class's batches get too small to share. */
const MOST_LANES = 8;

/** A training is in no hurry, and more threads would each get too few windows. */
const MOST_TRAINING_THREADS = 2;

export interface OnnxEngineOptions {
  /** Threads that score, shared by all sessions of the engine; the default is one a core, at most 8. */
  readonly lanes?: number;
  /** Threads of each training, between which large batches are shared; the default is 2 where there are 2 cores. */
  readonly trainingThreads?: number;
}

/**
 * The CPU engine. All work happens in worker threads: scoring in lanes that all models share, each training in
 * threads of its own.
 */
export function createOnnxEngine(options: OnnxEngineOptions = {}): Engine {
  const count = options.lanes ?? Math.min(MOST_LANES, availableParallelism());
  const trainingThreads = options.trainingThreads ?? Math.min(MOST_TRAINING_THREADS, availableParallelism());
  const lanes = Array.from({ length: count }, () => new Lane());
  return {
    kind: 'onnx',
    async createScoring(model) {
      checkWeights(model.spec, model.weights);
      checkScaling(model.spec, model.scaling);
      return createOnnxScoring(lanes, model);
    },
    async createTraining(training) {
      checkWeights(training.spec, training.weights);
      return createOnnxTraining(training, trainingThreads);
    },
  };
}
