import process from 'node:process';

/*
 * A process that ends while ONNX Runtime runs in one of its threads aborts, with a core dump: the binding throws when
 * it returns to a thread that is being torn down. So the end of the process closes a gate in shared memory and waits
 * for the runs, of some milliseconds each, that are past it.
 */

const CLOSED = 0;
const RUNNING = 1;
/** Far above the time of a run, on a busy machine too; should one hang, the process ends all the same. */
const LONGEST_WAIT_MS = 10_000;

const gates = new Set<Int32Array>();

function closeAll(): void {
  for (const gate of gates) Atomics.store(gate, CLOSED, 1);
  for (const gate of gates) Atomics.wait(gate, RUNNING, 1, LONGEST_WAIT_MS);
}

/** A gate for one thread, to be handed to it and dropped when the thread has ended. */
export function createRunGate(): Int32Array {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  if (gates.size === 0) process.on('exit', closeAll);
  gates.add(gate);
  return gate;
}

export function dropRunGate(gate: Int32Array): void {
  if (gates.delete(gate) && gates.size === 0) process.off('exit', closeAll);
}

/** In the thread: does `work` unless the process is ending, when it never resolves. */
export async function passRunGate<Result>(gate: Int32Array, work: () => Promise<Result>): Promise<Result> {
  Atomics.store(gate, RUNNING, 1);
  try {
    if (Atomics.load(gate, CLOSED) === 0) return await work();
  } finally {
    Atomics.store(gate, RUNNING, 0);
    Atomics.notify(gate, RUNNING);
  }
  return new Promise<never>(() => {});
}
