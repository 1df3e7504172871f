import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [program, ...args]);

/** A float32 .npy file as this project writes it. */
function readNpy(file: string): Float32Array<ArrayBuffer> {
  const bytes = readFileSync(file);
  return new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
}

interface BenchRecord {
  readonly network: string;
  readonly engine: string;
  readonly task: string;
  readonly batch: number;
  readonly windows_per_s: number;
  readonly ratio_to_tfjs_wasm: number;
  readonly share_of_matmul: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}
const fields = ['windows_per_s', 'ratio_to_tfjs_wasm', 'share_of_matmul', 'p50_ms', 'p99_ms'] as const;

describe('bench engine', () => {
  it('prints one JSON array last, with a record for each engine, task and batch', async () => {
    const args = ['engine', '--quick', '--json', '--networks', 'reference', '--engines', 'onnx,tfjs-wasm'];
    const { stdout, stderr } = await bench(...args);
    expect(stderr).toContain('same outputs from onnx, tfjs-wasm');
    const records: BenchRecord[] = JSON.parse(stdout);
    expect(records.map(({ engine, task, batch }) => `${engine} ${task} ${batch}`)).toEqual([
      'onnx predict 1',
      'onnx predict 256',
      'tfjs-wasm predict 1',
      'tfjs-wasm predict 256',
      'onnx train 64',
      'tfjs-wasm train 64',
    ]);
    for (const record of records) {
      expect(record.network).toBe('reference');
      for (const field of fields) expect(record[field], `${field} of ${record.engine}`).toBeGreaterThan(0);
      if (record.engine === 'tfjs-wasm') expect(record.ratio_to_tfjs_wasm).toBe(1);
      else expect(record.ratio_to_tfjs_wasm).toBeGreaterThan(2);
    }
    expect(records[0]).toMatchObject({ mflop_per_window: 2.2, session_creation_t256_ms: expect.any(Number) });
  }, 90_000);

  it('exports a network that gives its own output', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'forewarn-bench-'));
    try {
      await bench('engine', '--export', folder);
      expect(readdirSync(folder)).toContain('encoder.recurrent.npy');
      const session = await InferenceSession.create(join(folder, 'reference.onnx'));
      const input = readNpy(join(folder, 'input.npy'));
      const outputs = await session.run({ windows: new Tensor('float32', input, [256, 32, 8]) });
      await session.release();
      for (const name of ['reconstruction', 'last_residual', 'squared_error']) {
        const expected = readNpy(join(folder, `${name}.npy`));
        const actual = outputs[name].data as Float32Array;
        expect(actual.length).toBe(expected.length);
        expect(Math.max(...expected.map((value, i) => Math.abs(value - actual[i])))).toBeLessThan(1e-5);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('names what it does not know', async () => {
    await expect(bench('engine', '--engines', 'torch')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('torch is none of onnx, tensorflow, tfjs-wasm, tfjs-node'),
    });
    await expect(bench('everything')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('engine or training'),
    });
  });
});

describe('bench training', () => {
  it('trains as the daemon does and prints one line of JSON last', async () => {
    const { stdout } = await bench('training', '--quick', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      network: 'reference',
      engine: 'onnx',
      windows: 1000,
      seconds: expect.any(Number),
      child_peak_memory_mb: expect.any(Number),
    });
  });
});
