import { describe, expect, it } from 'vitest';
import { createTrainingGate } from '../../../src/models/retraining/training-gate.ts';

const never = new AbortController().signal;

/** Runs that end when told, and the order in which they began. */
function runs() {
  const begun: string[] = [];
  const end = new Map<string, () => void>();
  return {
    begun,
    end: (name: string) => end.get(name)!(),
    run: (name: string) => () => {
      begun.push(name);
      return new Promise<string>((resolve) => end.set(name, () => resolve(name)));
    },
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('training gate', () => {
  it('lets so many run at a time, the others in the order they came', async () => {
    const gate = createTrainingGate(2);
    const { begun, end, run } = runs();
    const all = ['a', 'b', 'c', 'd'].map((name) => gate(never, run(name)));
    await turn();
    expect(begun).toEqual(['a', 'b']);
    end('b');
    await turn();
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a');
    await turn();
    end('c');
    end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the place of one that failed to the next', async () => {
    const gate = createTrainingGate(1);
    const failed = gate(never, () => Promise.reject(new Error('no memory')));
    const next = gate(never, async () => 'ran');
    await expect(failed).rejects.toThrow('no memory');
    expect(await next).toBe('ran');
  });

  it('lets go of one that waits and is not wanted any more', async () => {
    const gate = createTrainingGate(1);
    const { begun, end, run } = runs();
    const first = gate(never, run('a'));
    const abort = new AbortController();
    const waiting = gate(abort.signal, run('b'));
    const last = gate(never, run('c'));
    await turn();
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(gate(abort.signal, run('d'))).rejects.toThrow('stopped');
    end('a');
    await turn();
    end('c');
    await Promise.all([first, last]);
    expect(begun).toEqual(['a', 'c']);
  });
});
