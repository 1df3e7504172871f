import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ForewarnError } from '../errors.ts';
import type { EngineChoice } from './engine-choice.ts';
import type { FitProgress } from './fit.ts';
import type { Model } from './model.ts';
import type { Comparison, Judgements } from './retraining/judgement.ts';
import type { TrainingOrder } from './trainer.ts';

/** What the child is sent, once. */
export interface TrainingRequest {
  readonly order: TrainingOrder;
  readonly engine: EngineChoice;
  readonly comparison: Comparison | null;
}

/** A model, and its student where the order asks for one. */
export interface TrainedModels {
  readonly model: Model;
  /** Null when none was asked for or it failed; its failure does not keep the model from being used. */
  readonly student: Model | null;
  readonly studentFailure: string | null;
  /** Of the model and of the one it was to be compared with; null when there was none. */
  readonly judgements: Judgements | null;
}

/** What the child sends; everything is cloneable. */
export type TrainingMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: FitProgress }
  | { readonly kind: 'trained'; readonly trained: TrainedModels }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly hint?: string;
    };

// From source (tests) as from dist, the child runs the built file: Node 20 starts no TypeScript.
const worker = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/models/training-worker.js' : './training-worker.js',
  import.meta.url,
);
/** Below everything that scores, also below a daemon that is nice itself; training takes what is left of the machine. */
const lowPriority = 10;
const below = 3;
const lowest = 19;

/**
 * Trains, and compares where there is something to compare with, in a child process of low priority, so that its memory
 * dies with it and scoring never waits. Rejects with the
 * child's ForewarnError, TRAINING_CRASHED when it dies, or TRAINING_ABORTED when `signal` fires.
 */
export function trainInChild(
  order: TrainingOrder,
  engine: EngineChoice,
  onProgress: (progress: FitProgress) => void,
  signal: AbortSignal,
  comparison: Comparison | null = null,
): Promise<TrainedModels> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted());
    const child = fork(fileURLToPath(worker), {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = (): void => {
      child.kill('SIGKILL');
      settle(() => reject(aborted()));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    child.stderr?.on('data', (data: Buffer) => {
      complaint = (complaint + data.toString()).slice(-2000);
    });
    child.on('error', (error) => settle(() => reject(crashed(error.message))));
    // Not `exit`: only by `close` has everything arrived that the child complained of.
    child.on('close', (code, by) =>
      settle(() => reject(crashed(`it ended with ${by ?? code}: ${complaint.trim()}`))),
    );
    child.on('message', (message: TrainingMessage) => {
      switch (message.kind) {
        case 'ready':
          lowerPriority(child.pid);
          child.send({ order, engine, comparison } satisfies TrainingRequest);
          return;
        case 'progress':
          onProgress(message.progress);
          return;
        case 'trained':
          settle(() => resolve(message.trained));
          child.disconnect();
          return;
        case 'failed': {
          const { code, message: text, retryable, hint } = message;
          settle(() =>
            reject(new ForewarnError(code, text, { retryable, ...(hint === undefined ? {} : { hint }) })),
          );
          child.disconnect();
        }
      }
    });
  });
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid === undefined) return;
    const priority = Math.min(lowest, Math.max(lowPriority, getPriority() + below));
    // On Linux a priority is a thread's own. Those that compile and collect garbage are there already; the ones that
    // train are started later, and have it from the first.
    for (const thread of threadsOf(pid)) setPriority(thread, priority);
  } catch {
    // It is dead already, which its end will say; or the system forbids it, and training goes on as it is.
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // No Linux: there a priority is the process's.
    return [pid];
  }
}

function aborted(): ForewarnError {
  return new ForewarnError('TRAINING_ABORTED', 'Training was stopped.', { retryable: true });
}

function crashed(detail: string): ForewarnError {
  return new ForewarnError('TRAINING_CRASHED', `The training process died: ${detail}`, {
    retryable: true,
    hint: 'A kill by the system means too little memory: train on fewer rows or with a smaller network.',
  });
}
