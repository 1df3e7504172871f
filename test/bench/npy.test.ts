import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

type Encode = (shape: readonly number[], data: Float32Array) => Buffer;
const { encodeNpy }: { encodeNpy: Encode } = await import(
  new URL('../../bench/engine/npy.mjs', import.meta.url).href
);
const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

describe('a .npy file', () => {
  it.each([
    [[3], "'shape': (3,)"],
    [[2, 3], "'shape': (2, 3)"],
    [[], "'shape': ()"],
    [[1, 1, 100, 12], "'shape': (1, 1, 100, 12)"],
  ])('has the header of format 1.0 for shape %j', (shape, expected) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, (_, i) => i - 0.5);
    const bytes = encodeNpy(shape, data);
    expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    const header = bytes.toString('latin1', 10, start);
    expect(header).toContain(expected);
    expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, .*\} *\n$/);
    expect(bytes.length).toBe(start + 4 * count);
    for (const [i, value] of data.entries()) expect(bytes.readFloatLE(start + 4 * i)).toBe(value);
  });

  it('refuses values that do not fill the shape', () => {
    expect(() => encodeNpy([2, 2], new Float32Array(3))).toThrow(RangeError);
  });

  it.skipIf(!hasNumpy)('is what NumPy reads (skipped where that is not installed)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'forewarn-npy-'));
    try {
      writeFileSync(join(folder, 'a.npy'), encodeNpy([2, 3], Float32Array.of(1, 2, 3, 4, 5, Number.NaN)));
      const program = 'import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.tolist())';
      const { stdout } = spawnSync('python3', ['-c', program, join(folder, 'a.npy')], { encoding: 'utf8' });
      expect(stdout.trim()).toBe('float32 [[1.0, 2.0, 3.0], [4.0, 5.0, nan]]');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
