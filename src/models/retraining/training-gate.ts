/** Lets a bounded number of trainings run at a time, over all classes; the others wait in the order they came. */
export type TrainingGate = <T>(signal: AbortSignal, run: () => Promise<T>) => Promise<T>;

/** Rejects with the signal's reason when it fires while waiting; a run that has begun sees to its signal itself. */
export function createTrainingGate(atOnce: number): TrainingGate {
  let running = 0;
  const waiting: (() => void)[] = [];

  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener('abort', onAbort);
        running++;
        resolve();
      };
      if (running < atOnce) return enter();
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(enter);
    });

  return async (signal, run) => {
    signal.throwIfAborted();
    await turn(signal);
    try {
      return await run();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
