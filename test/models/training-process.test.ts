import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { modelHash } from '../../src/models/hash.ts';
import { trainStudent } from '../../src/models/student.ts';
import { train } from '../../src/models/trainer.ts';
import { trainInChild } from '../../src/models/training-process.ts';
import { smallOrder, until } from './support/fixtures.ts';

const built = fileURLToPath(new URL('../../dist/models/training-worker.js', import.meta.url));
const children = `/proc/${process.pid}/task/${process.pid}/children`;
const never = new AbortController().signal;

/** Long enough that the test ends it, not its last step. */
const endless = smallOrder({ steps: 1_000_000 });

/** Runs `start` and gives the process that it made, besides those there were. */
function childOf<T>(start: () => T): { running: T; pid: number } {
  const list = () => readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number);
  const before = list();
  const running = start();
  const [pid] = list().filter((one) => !before.includes(one));
  return { running, pid };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// `npm test` builds first; a bare vitest on a clean clone has no child to start.
describe.skipIf(!existsSync(built))('training in a child process', () => {
  it('gives the model that training here would give, and shows progress', async () => {
    const order = smallOrder({ steps: 40 });
    const steps: number[] = [];
    const { model, student } = await trainInChild(order, 'onnx', ({ step }) => steps.push(step), never);
    expect(steps.length).toBeGreaterThan(5);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(modelHash(order.channels, { ...model, spec: model.card.spec })).toBe(model.card.hash);
    const here = await train(order, { engine: createOnnxEngine(), clock: () => 0, onProgress() {} });
    expect(model.card.hash).toBe(here.card.hash);
    expect(student).toBeNull();
  });

  it('makes the student in the same child, as here, and the progress never turns back', async () => {
    const order = smallOrder({ steps: 40, student: 4 });
    const shares: number[] = [];
    const { model, student, studentFailure } = await trainInChild(
      order,
      'onnx',
      ({ step, steps }) => shares.push(step / steps),
      never,
    );
    expect(studentFailure).toBeNull();
    const context = { engine: createOnnxEngine(), clock: () => 0, onProgress() {} };
    expect(student?.card.hash).toBe((await trainStudent(order, model, context)).card.hash);
    expect(student?.card.student).toMatchObject({ teacher: model.card.id, hidden: 4 });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[shares.length - 1]).toBe(1);
  });

  it('hands the model over although its student failed, and says why', async () => {
    const { model, student, studentFailure } = await trainInChild(
      smallOrder({ steps: 20, student: 8 }),
      'onnx',
      () => {},
      never,
    );
    expect(model.card.number).toBe(1);
    expect(student).toBeNull();
    expect(studentFailure).toContain('No student of 8 hidden units');
  });

  it('passes the failure on as it was', async () => {
    await expect(trainInChild(smallOrder({ assets: [] }), 'onnx', () => {}, never)).rejects.toMatchObject({
      name: 'ForewarnError',
      code: 'TRAINING_DATA_TOO_SHORT',
      retryable: true,
      hint: expect.stringContaining('more rows'),
    });
  });

  it('refuses to start what is already aborted', async () => {
    await expect(trainInChild(endless, 'onnx', () => {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'TRAINING_ABORTED',
    });
  });

  it.skipIf(!existsSync(children))('runs below the daemon in priority, and dies when told to', async () => {
    const abort = new AbortController();
    const { running, pid } = childOf(() => trainInChild(endless, 'onnx', () => {}, abort.signal));
    const outcome = expect(running).rejects.toMatchObject({ code: 'TRAINING_ABORTED', retryable: true });
    // Every thread: on Linux each has its own.
    const wanted = Math.min(19, Math.max(10, getPriority() + 3));
    const priorities = () => readdirSync(`/proc/${pid}/task`).map((thread) => getPriority(Number(thread)));
    await until(() => priorities().every((priority) => priority === wanted), 'the lower priority');
    expect(priorities().length).toBeGreaterThan(1);
    abort.abort();
    await outcome;
    await until(() => !isAlive(pid), 'the end of the child');
  });

  it.skipIf(!existsSync(children))('says that it crashed, and of what, when it is killed', async () => {
    const { running, pid } = childOf(() => trainInChild(endless, 'onnx', () => {}, never));
    const outcome = expect(running).rejects.toMatchObject({
      code: 'TRAINING_CRASHED',
      retryable: true,
      message: expect.stringContaining('SIGKILL'),
      hint: expect.stringContaining('memory'),
    });
    process.kill(pid, 'SIGKILL');
    await outcome;
  });

  it('repeats what a child complains of that cannot even start', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--require=/does/not/exist.cjs';
    try {
      await expect(trainInChild(endless, 'onnx', () => {}, never)).rejects.toMatchObject({
        code: 'TRAINING_CRASHED',
        message: expect.stringContaining('/does/not/exist.cjs'),
      });
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  });
});
