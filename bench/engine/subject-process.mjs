import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./subject.mjs', import.meta.url));

/**
 * Starts an engine in a process of its own, so that engines share neither memory nor threads nor settings. Rejects
 * with the reason where it is not available.
 */
export async function startSubject(engine, network) {
  // Standard output is for the results alone.
  const child = fork(program, [engine, network], { stdio: ['ignore', 2, 'pipe', 'ipc'] });
  const waiting = new Map();
  let complaint = '';
  let ids = 0;
  child.stderr.on('data', (data) => {
    complaint = (complaint + data).slice(-2000);
  });
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  const closed = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      for (const { reject } of waiting.values())
        reject(new Error(`${engine} ended with ${signal ?? code}: ${complaint}`));
      waiting.clear();
      resolve();
    });
  });
  const subject = {
    engine,
    call(call, options = {}) {
      return new Promise((resolve, reject) => {
        const id = ids++;
        waiting.set(id, { resolve, reject });
        child.send({ id, call, options });
      });
    },
    async stop() {
      child.kill('SIGKILL');
      await closed;
    },
  };
  try {
    await subject.call('start');
  } catch (error) {
    await subject.stop();
    throw error;
  }
  return subject;
}
