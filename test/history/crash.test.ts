import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyIn, rowOf, temporaryDirectory } from './support/rows.ts';

const root = join(import.meta.dirname, '../..');

/** Compiles the history alone, so that this test needs no build before it. */
function compileHistory(directory: string): string {
  const compiled = join(directory, 'compiled');
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: false, rootDir: join(root, 'src'), outDir: compiled },
    include: [],
    files: [join(root, 'src/history/history.ts')],
  };
  const project = join(directory, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'dir');
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  return compiled;
}

/** Runs the writer from row `first` on, kills it some time after its `flushes`-th flush, and gives the last safe row. */
async function killAfter(
  compiled: string,
  directory: string,
  first: number,
  flushes: number,
): Promise<number> {
  const writer = join(import.meta.dirname, 'support/crash-writer.mjs');
  const child = spawn(process.execPath, [writer, compiled, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
    if (output.split('\n').length > flushes) setTimeout(() => child.kill('SIGKILL'), 150 * flushes);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Number(output.split('\n').at(-2));
}

describe('kill -9', { timeout: 120_000 }, () => {
  it('loses no row that a flush called safe, and keeps an unbroken beginning of the others', async () => {
    const base = temporaryDirectory();
    const compiled = compileHistory(base);
    const directory = join(base, 'history');
    let expected = 0;
    for (const flushes of [1, 3, 2]) {
      const safe = await killAfter(compiled, directory, expected, flushes);
      const history = await historyIn(directory, { channelsOf: () => ['number', 'asset'] });
      const rows = await history.read('pump');
      const numbers = rows.flatMap(({ at }) => [...at]).sort((a, b) => a - b);
      expect(numbers.length).toBeGreaterThanOrEqual(safe);
      expect(numbers).toEqual(numbers.map((_, i) => i));
      for (const { assetId, at, values } of rows) {
        for (let row = 0; row < at.length; row++) {
          expect(values[2 * row]).toBe(at[row]);
          expect(`asset-${values[2 * row + 1]}`).toBe(assetId);
        }
      }
      expect(history.stats().damaged).toBe(0);
      await history.stop();
      expected = numbers.length;
    }
  });

  it('reads a tail up to where it is cut off, wherever that is', async () => {
    // A copy of what a killed run leaves: the tail is made without a stop.
    const base = temporaryDirectory();
    const source = join(base, 'source');
    const history = await historyIn(source);
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 10; i++) history.append(rowOf(`a${i % 2}`, second * 10 + i, [second, i]));
      const before = second === 0 ? 0 : sizeOfTail(source);
      while (sizeOfTail(source) <= before) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const tail = join(source, 'pump', '1.tail');
    const size = statSync(tail).size;
    const kept = new Set<number>();
    for (let cut = 0; cut <= size; cut += 23) {
      const directory = join(base, String(cut));
      mkdirSync(join(directory, 'pump'), { recursive: true });
      copyFileSync(tail, join(directory, 'pump', '1.tail'));
      truncateSync(join(directory, 'pump', '1.tail'), size - cut);
      const opened = await historyIn(directory);
      const numbers = (await opened.read('pump')).flatMap(({ at }) => [...at]).sort((a, b) => a - b);
      expect(numbers).toEqual(numbers.map((_, i) => i));
      kept.add(numbers.length);
    }
    expect([...kept]).toEqual([30, 20, 10, 0]);
  });
});

function sizeOfTail(directory: string): number {
  try {
    return readdirSync(join(directory, 'pump'))
      .filter((name) => name.endsWith('.tail'))
      .reduce((sum, name) => sum + statSync(join(directory, 'pump', name)).size, 0);
  } catch {
    return 0;
  }
}
