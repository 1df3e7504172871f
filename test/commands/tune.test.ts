import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { type TuneOptions, tune } from '../../src/commands/tune.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { payloadOf, topicOf } from '../../src/simulator/telemetry.ts';
import { recordingContext } from './support/context.ts';

const built = fileURLToPath(new URL('../../dist/models/training-worker.js', import.meta.url));
const names = pumpChannels.map(({ name }) => name);
let csv = '';

beforeAll(() => {
  const plant = new Plant({ pumps: 2, seed: 5, startAt: Date.UTC(2026, 0, 5, 6) });
  const lines = [['time', 'machine', ...names].join(',')];
  for (let row = 0; row < 1200; row++) {
    const at = plant.advance();
    for (const pump of plant.pumps) {
      const { values } = JSON.parse(payloadOf(pump, at)) as { values: Record<string, number> };
      const asset = topicOf(pump).split('/').slice(1, 4).join('/');
      lines.push([new Date(at).toISOString(), asset, ...names.map((name) => values[name])].join(','));
    }
  }
  csv = `${lines.join('\n')}\n`;
});

function folderWithConfig(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-tune-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const document = {
    state_dir: 'state',
    engine: 'onnx',
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
        window: { length: 8 },
        train: { after: 1000, steps: 10, batch: 16, hidden: 8, latent: 4 },
      },
    },
  };
  writeFileSync(join(folder, 'forewarn.yaml'), JSON.stringify(document));
  return folder;
}

async function runTune(folder: string, changes: Partial<TuneOptions> = {}, rows = csv): Promise<string[]> {
  const file = join(folder, 'pumps.csv');
  writeFileSync(file, rows);
  const options = {
    config: join(folder, 'forewarn.yaml'),
    from: file,
    assetColumn: 'machine',
    labels: 'anomaly',
    minutes: 5,
    trials: 3,
    seed: 1,
  };
  const context = recordingContext();
  await tune('pump', { ...options, ...changes }, context);
  return context.lines;
}

// `npm test` builds first; a bare vitest on a clean clone has no child to start.
describe.skipIf(!existsSync(built))('forewarn tune', { timeout: 90_000 }, () => {
  it('compares settings with those of the class, says what came of it, and goes on later', async () => {
    const folder = folderWithConfig();
    const lines = await runTune(folder);
    const told = lines.join('\n');
    expect(told).toMatch(/1\. lstm_autoencoder 8\/4, window 8, .*: [\d.]+ s/);
    expect(told).toMatch(/own\s+lstm_autoencoder 8\/4, window 8, .*\d+ of 70/);
    const log = readFileSync(join(folder, 'state', 'tuning', 'pump.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(log).toHaveLength(3);
    expect(JSON.parse(log[0]!)).toMatchObject({
      trial: { settings: { hidden: 8 }, search: { faults: { tried: 70 } } },
    });
    const verdict = lines.findIndex((line) => /settings/.test(line) && /beats?/.test(line));
    expect(verdict).toBeGreaterThan(0);
    if (lines[verdict]!.startsWith('The best settings beat')) {
      const snippet = parse(lines.find((line) => line.startsWith('classes:'))!) as { classes: object };
      expect(Object.keys(snippet.classes)).toEqual(['pump']);
    } else expect(told).not.toContain('classes:');

    const again = await runTune(folder, { trials: 4 });
    expect(again.filter((line) => line.endsWith('known from before'))).toHaveLength(3);
    expect(existsSync(join(folder, 'state', 'models'))).toBe(false);
  });

  it('refuses rows that are too few to judge by', async () => {
    const few = csv.split('\n').slice(0, 1001).join('\n');
    await expect(runTune(folderWithConfig(), {}, few)).rejects.toMatchObject({ code: 'TUNING_ROWS_TOO_FEW' });
  });
});

describe('the options of forewarn tune', () => {
  it.each([
    ['minutes', { minutes: 0 }],
    ['minutes', { minutes: 1e6 }],
    ['minutes', { minutes: 'soon' as never }],
    ['trials', { trials: 1 }],
    ['seed', { seed: -1 }],
  ])('refuses a bad --%s', async (name, changes) => {
    await expect(runTune(folderWithConfig(), changes)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(`--${name}`),
    });
  });
});
