import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { createRowImport } from '../../src/commands/row-import.ts';
import { train } from '../../src/commands/train.ts';
import type { TrainingInputOptions } from '../../src/commands/training-input.ts';
import { type ClassConfig, loadConfig } from '../../src/config.ts';
import { createIngest } from '../../src/ingest/ingest.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { createRegistry } from '../../src/models/registry.ts';
import { train as trainModel } from '../../src/models/trainer.ts';
import { createRowCollector } from '../../src/models/training-set.ts';
import { trainingOrderOf } from '../../src/pipeline.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { payloadOf, topicOf } from '../../src/simulator/telemetry.ts';
import { recordingContext } from './support/context.ts';

const built = fileURLToPath(new URL('../../dist/models/training-worker.js', import.meta.url));
const startAt = Date.UTC(2026, 0, 5, 6);
const names = pumpChannels.map(({ name }) => name);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-train-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeConfig(folder: string): string {
  const file = join(folder, 'forewarn.yaml');
  const document = {
    state_dir: 'state',
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
        train: { after: 1000, steps: 20, batch: 32, hidden: 8, latent: 4 },
      },
    },
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

interface Message {
  readonly topic: string;
  readonly payload: string;
}

/** What a plant publishes, with a lost message and a lost reading now and then. */
function messagesOf(rows: number): Message[] {
  const plant = new Plant({ pumps: 2, seed: 5, startAt });
  const messages: Message[] = [];
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const pump of plant.pumps) {
      if (row % 97 === 40 + pump.index) continue;
      const payload = payloadOf(pump, at);
      const lossy = row % 61 === 7 ? payload.replace(/"flow":[\d.]+,/, '') : payload;
      messages.push({ topic: topicOf(pump), payload: lossy });
    }
  }
  return messages;
}

/** The same as a historian would export it. */
function csvOf(messages: readonly Message[]): string {
  const lines = [['time', 'machine', ...names].join(',')];
  for (const { topic, payload } of messages) {
    const { ts, values } = JSON.parse(payload) as { ts: number; values: Record<string, number> };
    const asset = topic.split('/').slice(1, 4).join('/');
    lines.push([new Date(ts).toISOString(), asset, ...names.map((name) => values[name] ?? '')].join(','));
  }
  return `${lines.join('\n')}\n`;
}

function collectLive(config: ClassConfig, messages: readonly Message[]) {
  const collector = createRowCollector(config.channels.length);
  const ingest = createIngest({
    classes: [config],
    clock: () => startAt + 3_600_000,
    sinks: { onRow: (row) => collector.add(row), onWindow: () => undefined },
  });
  for (const { topic, payload } of messages) ingest.accept(topic, Buffer.from(payload), { retain: false });
  ingest.flush();
  return collector.snapshot();
}

const defaults = { assetColumn: 'machine', labels: 'anomaly,changepoint' };

/** Runs the command on a file with this text and gives what it printed. */
async function runTrain(text: string, changes: Partial<TrainingInputOptions> = {}) {
  const folder = temporaryFolder();
  const config = writeConfig(folder);
  const file = join(folder, 'pumps.csv');
  writeFileSync(file, text);
  const context = recordingContext();
  await train('pump', { ...defaults, config, from: file, ...changes }, context);
  const registry = createRegistry(join(folder, 'state', 'models'));
  return {
    lines: context.lines,
    model: registry.champion('pump'),
    config: loadConfig(config, {}).classes[0],
  };
}

describe('rows from a CSV', () => {
  it('are those that live messages give, gaps and ids included', () => {
    const config = loadConfig(writeConfig(temporaryFolder()), {}).classes[0];
    const messages = messagesOf(300);
    const imported = createRowImport(config, { assets: 10, payloadBytes: 65_536 });
    for (const { topic, payload } of messages) {
      const { ts, values } = JSON.parse(payload) as { ts: number; values: Record<string, number> };
      const id = topic.split('/').slice(1, 4).join('/');
      imported.add(
        id,
        ts,
        names.map((name) => values[name] ?? Number.NaN),
      );
    }
    const { assets, stats } = imported.finish();
    expect(assets).toEqual(collectLive(config, messages));
    expect(assets.map(({ assetId }) => assetId)).toEqual(['north/line-1/pump-1', 'north/line-1/pump-2']);
    expect(stats.gapRows).toBeGreaterThan(0);
    expect(Object.values(stats.refused).every((count) => count === 0)).toBe(true);
  });

  it('refuse an asset that the class cannot have', () => {
    const config = loadConfig(writeConfig(temporaryFolder()), {}).classes[0];
    const imported = createRowImport(config, { assets: 10, payloadBytes: 65_536 });
    expect(() => imported.add('pump-1', startAt, [1])).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', hint: expect.stringContaining('site/line/asset') }),
    );
  });
});

// `npm test` builds first; a bare vitest on a clean clone has no child to start.
describe.skipIf(!existsSync(built))('forewarn train', { timeout: 60_000 }, () => {
  it('gives the model that the same rows give live, and puts it in use', async () => {
    const messages = messagesOf(600);
    const { lines, model, config } = await runTrain(csvOf(messages));
    expect(lines[0]).toMatch(
      /2 assets, 1200 rows of which 1[0-9] are gaps; 0 readings were late and 0 repeated/,
    );
    expect(lines.at(-1)).toContain(`${model?.card.id} is in use`);
    const live = await trainModel(
      { ...trainingOrderOf(config), number: 1, assets: collectLive(config, messages) },
      { engine: createOnnxEngine(), clock: () => 0, onProgress() {} },
    );
    expect(model?.card.hash).toBe(live.card.hash);
  });

  it('leaves labelled and unfit rows out, and says so', async () => {
    const rows = csvOf(messagesOf(600)).trimEnd().split('\n');
    const text = rows
      .map((row, i) => {
        if (i === 0) return `${row},anomaly`;
        const cells = row.split(',');
        if (i >= 200 && i < 300) cells[2 + names.indexOf('pressure')] = '5.5';
        return [...cells, i >= 900 && i < 950 ? '1' : '0'].join(',');
      })
      .join('\n');
    const { lines, model } = await runTrain(text);
    const told = lines.join('\n');
    expect(told).toContain('50 rows are marked by a label and left out');
    expect(told).toMatch(/exclude: north\/line-1\/pump-1, pressure, 2026-01-05T06:01:4.*stays at 5\.5 for/);
    expect(told).toMatch(/10[0-9] rows are unfit and left out/);
    expect(model?.card.data.rows).toBeLessThan(1200 - 50 - 95);
  });

  it.each<[string, string, Partial<TrainingInputOptions>, object]>([
    ['no file', '', { from: undefined as never }, { code: 'OPTION_INVALID' }],
    [
      'a file of nobody knows what',
      'time,speed\n',
      { assetColumn: undefined as never },
      { code: 'OPTION_INVALID', hint: expect.stringContaining('--asset-column') },
    ],
    [
      'a file without a channel',
      'time,machine,speed\n2026-01-01 00:00:00,a/b/c,1\n',
      {},
      { code: 'RECORDING_UNREADABLE', message: expect.stringContaining('no column current') },
    ],
    [
      'too few rows',
      csvOf(messagesOf(20)),
      {},
      { code: 'TRAINING_REFUSED', message: expect.stringMatching(/pump-1: It has 20 rows/) },
    ],
  ])('refuses %s', async (_what, text, changes, error) => {
    await expect(runTrain(text, changes)).rejects.toMatchObject(error);
  });

  it('refuses a class that is not there', async () => {
    const config = writeConfig(temporaryFolder());
    const context = { env: {} } as CommandContext;
    await expect(train('valve', { ...defaults, config, from: 'x.csv' }, context)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      hint: 'Its classes are: pump.',
    });
  });
});
