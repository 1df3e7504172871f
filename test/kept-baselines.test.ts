import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKeptBaselines } from '../src/kept-baselines.ts';
import { silentLogger } from '../src/log.ts';
import { temporaryDirectory } from './models/support/fixtures.ts';

const moved = new Map([
  ['north/pump-1', [Float32Array.of(0.25, -1.5), Float32Array.of(3, 0)]],
  ['north/pump-2', [Float32Array.of(0, 1e-7), Float32Array.of(0, 0)]],
]);

describe('kept baselines', () => {
  it('are there after a restart, bit for bit, for the model that they are of', () => {
    const directory = join(temporaryDirectory(), 'baselines');
    expect(createKeptBaselines(directory, silentLogger).of('pump', 'pump-1')).toBeNull();
    createKeptBaselines(directory, silentLogger).save('pump', { model: 'pump-1', moved });
    const again = createKeptBaselines(directory, silentLogger);
    expect(again.of('pump', 'pump-1')).toEqual(moved);
    expect(again.of('pump', 'pump-2')).toBeNull();
    expect(again.of('press', 'pump-1')).toBeNull();
    expect(readdirSync(directory)).toEqual(['pump.json']);
  });

  it('start anew, and say so, where the file is damaged', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'pump.json'), '{"model":"pump-1","assets":{"a":[');
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    expect(createKeptBaselines(directory, log).of('pump', 'pump-1')).toBeNull();
    expect(warnings).toEqual(['kept baselines cannot be read; they start anew']);
  });

  it('do not stop a daemon whose disk takes nothing', () => {
    const directory = temporaryDirectory();
    // A folder where the file should be.
    mkdirSync(join(directory, 'pump.json'));
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    createKeptBaselines(directory, log).save('pump', { model: 'pump-1', moved });
    expect(warnings).toEqual(['baselines cannot be kept']);
  });
});
