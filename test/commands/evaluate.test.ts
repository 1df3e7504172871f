import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { type EvaluateOptions, evaluate } from '../../src/commands/evaluate.ts';
import { groupConfig, ownSettings } from '../../src/commands/evaluate-config.ts';
import { csvProtocol } from '../../src/commands/evaluate-csv.ts';
import { messagesOf, watchGroup } from '../../src/commands/evaluate-watch.ts';
import type { ReplayReport } from '../../src/commands/replay-report.ts';
import { openDataFolder } from '../../src/evaluation/data-folder.ts';
import type { EvaluationReport } from '../../src/evaluation/evaluation-report.ts';
import { createLogger } from '../../src/log.ts';
import { chooseEngine } from '../../src/models/engine-choice.ts';
import { createRandom } from '../../src/models/random.ts';
import { trainInChild } from '../../src/models/training-process.ts';
import { temporaryFolder } from '../e2e/support/config-file.ts';
import { runCommand } from '../e2e/support/process.ts';

const rows = 900;
const trainRows = 600;
const faults = [
  { from: 680, to: 729 },
  { from: 800, to: 839 },
] as const;

/** Two channels that go together, but for two labelled stretches in which the second one does not follow. */
function writeRecording(folder: string): string {
  const random = createRandom(5);
  const lines = ['time,speed,flow,fault'];
  for (let row = 0; row < rows; row++) {
    const faulty = faults.some(({ from, to }) => row >= from && row <= to);
    const speed = 10 + 3 * Math.sin(row / 7) + 0.1 * random.gaussian();
    const flow = (faulty ? 28 : 2 * speed) + 0.1 * random.gaussian();
    lines.push(
      `${new Date(Date.UTC(2026, 0, 1) + row * 1000).toISOString()},${speed},${flow},${faulty ? 1 : 0}`,
    );
  }
  const file = join(folder, 'machine.csv');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** Trains in a moment. */
function writeSettings(folder: string, classes: readonly string[] = ['any']): string {
  const file = join(folder, 'quick.yaml');
  const options = {
    topic: 'a/{asset}',
    channels: { speed: {}, flow: {} },
    train: { steps: 60, batch: 32, hidden: 12, latent: 4 },
    window: { length: 12 },
  };
  const document = {
    classes: Object.fromEntries(classes.map((name) => [name, { ...options, topic: `${name}/{asset}` }])),
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

const quiet: CommandContext = {
  env: {},
  signal: new AbortController().signal,
  interactive: false,
  out: () => undefined,
  write: () => undefined,
};
const csvOptions = ['--labels', 'fault', '--train-rows', String(trainRows)];

describe('forewarn evaluate', { timeout: 120_000 }, () => {
  it('streams a recording through the data path and scores it beside the reference detectors', async () => {
    const folder = temporaryFolder();
    const file = writeRecording(folder);
    const settings = ['--config', writeSettings(folder), '--seeds', '2'];
    const page = join(folder, 'report.html');
    const { code, stdout, stderr } = await runCommand([
      ...['evaluate', 'csv', '--data', file, ...csvOptions, ...settings],
      ...['--json', '--html', page],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Omit<EvaluationReport, 'traces'>;
    expect(Object.keys(report)).toEqual(['protocol', 'settings', 'rows', 'files']);
    expect(report.protocol).toBe('csv');
    expect(report.settings).toMatchObject({
      vus_window: 100,
      seeds: 2,
      channels: ['speed', 'flow'],
      sample_every_ms: 1000,
      models: 2,
      untrained: {},
      class: { window_length: 12, train: { steps: 60, hidden: 12 } },
    });
    expect(Object.keys(report.rows)).toEqual(['forewarn', 'random', 'flag_all', 'zscore', 'pca']);
    const { forewarn, random, flag_all } = report.rows;
    for (const name of ['f1', 'vus_pr', 'ap', 'event_recall', 'event_f1']) {
      expect(forewarn[name]).toBeGreaterThanOrEqual(0);
      expect(forewarn[name]).toBeLessThanOrEqual(1);
      expect(forewarn).toHaveProperty(`${name}_sd`);
    }
    expect(forewarn.event_recall).toBe(1);
    expect(forewarn.vus_pr).toBeGreaterThan(random.vus_pr);
    // 90 of the 300 rows that count are faulty.
    expect(flag_all).toMatchObject({ far: 100, mar: 0, event_recall: 1, ap: expect.closeTo(0.3, 10) });
    expect(random.far).toBeGreaterThan(30);
    expect(random.far).toBeLessThan(70);
    expect(report.files.map(({ name }) => name)).toEqual(['machine']);
    expect(Object.keys(report.files[0].rows)).toEqual(Object.keys(report.rows));
    expect(existsSync(page)).toBe(true);
    expect(readFileSync(page, 'utf8')).toContain('machine');
  });

  it('adds a row for each source by itself, and judges as before', async () => {
    const folder = temporaryFolder();
    const settings = ['--config', writeSettings(folder), '--seeds', '1', '--json'];
    const data = writeRecording(folder);
    const rowsOf = async (...more: string[]) => {
      const { stdout } = await runCommand([
        'evaluate',
        'csv',
        '--data',
        data,
        ...csvOptions,
        ...settings,
        ...more,
      ]);
      return (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as EvaluationReport).rows;
    };
    const { forewarn } = await rowsOf();
    const all = await rowsOf('--sources');
    expect(all.forewarn).toEqual(forewarn);
    const sources = ['network', 'vector_autoregression', 'pca', 'robust_z'].map((kind) => `source_${kind}`);
    expect(Object.keys(all)).toEqual([
      'forewarn',
      ...sources,
      'dynamic_threshold',
      'random',
      'flag_all',
      'zscore',
      'pca',
    ]);
    // The same scores, under another threshold.
    expect(all.dynamic_threshold.vus_pr).toBe(forewarn.vus_pr);
    expect(all.dynamic_threshold.far).not.toBe(forewarn.far);
    expect(new Set(sources.map((source) => all[source].vus_pr)).size).toBe(4);
    // The reading stands still while the other goes on: the relation is what tells, and no single channel.
    expect(all.source_pca.event_recall).toBe(1);
  });

  it('raises and clears alerts on the rows on which a daemon behind a broker does', async () => {
    const folder = temporaryFolder();
    const data = writeRecording(folder);
    const config = writeSettings(folder, ['recording']);
    const replayed = await runCommand(['replay', data, '--config', config, ...csvOptions, '--json']);
    expect(replayed.stderr).toBe('');
    const { alerts } = JSON.parse(replayed.stdout.trimEnd().split('\n').at(-1)!) as ReplayReport;

    const options = { data, trainRows, labels: 'fault' };
    const [source] = csvProtocol(options).groups(openDataFolder(data, []), Number);
    const group = source.load();
    const own = ownSettings(config, 'csv', quiet);
    const { engine, stop } = await chooseEngine('onnx', { onFallback: () => undefined });
    const { traces } = await watchGroup({
      group,
      messages: group.streams.map(messagesOf),
      config: groupConfig({ protocol: 'csv', group, seed: 1, stateDir: folder, own, context: quiet }),
      engine,
      train: (order, onProgress, signal) => trainInChild(order, 'onnx', onProgress, signal),
      log: createLogger({ level: 'silent', format: 'json' }),
      attribution: true,
      signal: quiet.signal,
    });
    await stop();
    const [{ alerts: traced, score, attribution, firstTestRow }] = traces;
    expect(traced.length).toBeGreaterThanOrEqual(2);
    expect(traced.map(({ raisedRow, clearedRow }) => [raisedRow, clearedRow])).toEqual(
      alerts.map(({ fired_row, resolved_row }) => [fired_row, resolved_row]),
    );
    expect(score.subarray(0, firstTestRow).every(Number.isNaN)).toBe(true);
    expect(score.subarray(firstTestRow).every(Number.isFinite)).toBe(true);
    const [{ raisedRow, channels }] = traced;
    const shares = [...attribution.subarray(2 * raisedRow, 2 * raisedRow + 2)].sort((a, b) => b - a);
    expect(channels.map(({ share }) => share)).toEqual(shares.map((share) => expect.closeTo(share, 5)));
  });

  it('says to people what it found, and is silent where there are too few rows for a model', async () => {
    const folder = temporaryFolder();
    const file = writeRecording(folder);
    const options = ['--labels', 'fault', '--train-rows', '40', '--seeds', '1'];
    const { code, stdout, stderr } = await runCommand(['evaluate', 'csv', '--data', file, ...options]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Too few rows for a model, and so silent: machine.');
    expect(stdout).toMatch(/^forewarn +0\.000 /m);
    expect(stdout).toMatch(/Forewarn DOES NOT BEAT pca by .*f1 0\.000 against/);
  });

  it('refuses what it cannot measure, before it trains anything', async () => {
    const folder = temporaryFolder();
    const data = writeRecording(folder);
    const refusal = (protocol: string, options: Partial<EvaluateOptions>) =>
      evaluate(protocol, { seeds: 1, trainRows, labels: 'fault', ...options }, quiet);
    await expect(refusal('skab', {})).rejects.toThrow('--data is missing');
    await expect(refusal('swat', { data: folder })).rejects.toThrow('there is no protocol swat');
    await expect(refusal('skab', { data: join(folder, 'none') })).rejects.toThrow('there is no such folder');
    await expect(refusal('smd', { data: folder })).rejects.toThrow('has no machine of SMD');
    await expect(refusal('csv', { data, trainRows: 900 })).rejects.toThrow('does not fit');
    await expect(refusal('csv', { data, labels: 'anomaly' })).rejects.toThrow('none of the label columns');
    await expect(refusal('csv', { data, seeds: 0 })).rejects.toThrow('--seeds 0');
    const config = writeSettings(folder, ['one', 'two']);
    await expect(refusal('csv', { data, config })).rejects.toThrow('has 2 classes, none named csv');
  });

  it('tells an error in one line, with what mends it', async () => {
    const { code, stdout, stderr } = await runCommand(['evaluate', 'nab', '--data', 'no-such-folder']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'forewarn: --data no-such-folder: there is no such folder\nGive the folder of the data set, or the one that it is in.\n',
    );
  });
});
