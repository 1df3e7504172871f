import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../src/evaluation/data-folder.ts';
import { averagePrecision } from '../../src/evaluation/point-metrics.ts';
import type { EvaluationGroup, Protocol } from '../../src/evaluation/protocol.ts';
import { batadal } from '../../src/evaluation/protocols/batadal.ts';
import { nab } from '../../src/evaluation/protocols/nab.ts';
import { skab } from '../../src/evaluation/protocols/skab.ts';
import { smd } from '../../src/evaluation/protocols/smd.ts';
import { tep } from '../../src/evaluation/protocols/tep.ts';
import { fitReferences } from '../../src/evaluation/reference-detectors.ts';
import { segmentsOf } from '../../src/evaluation/segments.ts';
import { parseIso8601 } from '../../src/ingest/iso8601.ts';
import { sharedFile } from './shared-vectors.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files; those named `.gz` are packed. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-data-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text);
  }
  return folder;
}

function groupsOf(protocol: Protocol, directory: string): EvaluationGroup[] {
  const data = openDataFolder(directory, protocol.folders);
  return protocol.groups(data, parseIso8601).map((source) => source.load());
}

/** The pack's parent folder: the protocol must find its own below it. */
function realData(probe: string): string | undefined {
  const file = sharedFile(probe);
  return file?.slice(0, -probe.length);
}

const ones = (flags: Uint8Array) => flags.reduce((sum, flag) => sum + flag, 0);
const rowsOf = (rows: number, row: (index: number) => string) =>
  `${Array.from({ length: rows }, (_, index) => row(index)).join('\n')}\n`;

describe('data folders', () => {
  it('says what is missing', () => {
    expect(() => openDataFolder('/nowhere/at/all', [])).toThrow('there is no such folder');
    const empty = folderOf({ 'readme.txt': '' });
    for (const protocol of [skab, nab, tep, smd, batadal]) {
      expect(() => groupsOf(protocol, empty)).toThrow(
        expect.objectContaining({ code: 'EVALUATION_DATA_MISSING' }),
      );
    }
  });

  it('names the file and the line of what cannot be read', () => {
    const folder = folderOf({
      'train/m.csv': '1,2\n3,4\n',
      'test/m.csv': '1,2\n3\n',
      'test_label/m.txt': '0\n0\n',
    });
    expect(() => groupsOf(smd, folder)).toThrow('test/m.csv: line 2 has 1 values, not 2');
    const packed = folderOf({ 'train/m.csv': '1\n' });
    writeFileSync(join(packed, 'train/n.csv.gz'), 'not packed');
    expect(() => groupsOf(smd, packed)).toThrow(/test\/m\.csv/);
    expect(() => openDataFolder(packed, []).text('train/n.csv')).toThrow('n.csv.gz');
  });
});

describe('skab', () => {
  it("reads the original's layout, packed or plain, and cuts the anomaly-free file", () => {
    const header = 'datetime;A;B;anomaly;changepoint';
    const at = (index: number) => new Date(Date.UTC(2020, 2, 9) + index * 1000).toISOString().slice(0, 19);
    const labelled = rowsOf(450, (i) => `${at(i).replace('T', ' ')};${i};1;${i >= 440 ? '1.0' : '0.0'};0.0`);
    const healthy = rowsOf(1176 + 900, (i) => `${at(i).replace('T', ' ')};${i};2`);
    const folder = folderOf({
      'SKAB/data/valve1/10.csv.gz': `${header}\n${labelled}`,
      'SKAB/data/valve1/2.csv': `${header}\n${labelled}`,
      'SKAB/data/anomaly-free/anomaly-free.csv': `datetime;A;B\n${healthy}`,
    });
    const groups = groupsOf(skab, folder);
    expect(groups.map(({ name }) => name)).toEqual([
      'data/valve1/2',
      'data/valve1/10',
      'anomaly-free/1',
      'anomaly-free/2',
    ]);
    expect(groups[0].channels).toEqual(['A', 'B']);
    const [stream] = groups[0].streams;
    expect(stream).toMatchObject({ trainRows: 400, role: 'test' });
    expect(ones(stream.labels)).toBe(10);
    expect(stream.at[3] - stream.at[0]).toBe(3000);
    expect(groups.map(({ streams }) => streams[0].at.length)).toEqual([450, 450, 1176, 900]);
    expect(groups[3].streams[0]).toMatchObject({ role: 'normal', trainRows: 400 });
    expect(groups[3].streams[0].values[0][0]).toBe(1176);
  });

  const data = realData('skab/valve1/2.csv');
  it.skipIf(data === undefined)('reads the real files', () => {
    const groups = groupsOf(skab, data!);
    const tests = groups.filter(({ streams }) => streams[0].role === 'test');
    expect(tests.length).toBeGreaterThanOrEqual(16);
    for (const { channels, streams, sampleEveryMs } of tests) {
      expect({ channels: channels.length, trainRows: streams[0].trainRows, sampleEveryMs }).toEqual({
        channels: 8,
        trainRows: 400,
        sampleEveryMs: 1000,
      });
      expect(streams[0].at.every((at, row) => row === 0 || at > streams[0].at[row - 1])).toBe(true);
      expect(streams[0].values.every((column) => column.every(Number.isFinite))).toBe(true);
    }
    const blocks = groups.filter(({ streams }) => streams[0].role === 'normal');
    expect(blocks).toHaveLength(8);
    expect(blocks.reduce((sum, { streams }) => sum + streams[0].at.length, 0)).toBe(9405);
  });
});

describe('tep', () => {
  const data = realData('tep/d00.dat.gz');
  it.skipIf(data === undefined)('turns the training run, and knows where faults begin', () => {
    const [{ channels, streams }] = groupsOf(tep, data!);
    expect(channels).toHaveLength(52);
    const training = streams.filter(({ role }) => role === 'train');
    expect(training.map(({ name, trainRows }) => ({ name, trainRows }))).toEqual([
      { name: 'd00', trainRows: 500 },
    ]);
    // The readme's first line of numbers is the first variable in time, not the first row.
    expect([...training[0].values[0].slice(0, 3)]).toEqual([0.24987, 0.25118, 0.25185]);
    const tests = streams.filter(({ role }) => role === 'test');
    expect(tests.length).toBeGreaterThanOrEqual(10);
    for (const { labels, trainRows } of tests) {
      expect({ trainRows, segments: segmentsOf(labels) }).toEqual({
        trainRows: 0,
        segments: [{ start: 160, end: 960 }],
      });
    }
    expect(streams.filter(({ role }) => role === 'normal').map(({ name }) => name)).toEqual(['d00_te']);
  });
});

describe('smd', () => {
  it("reads the original's plain text", () => {
    const folder = folderOf({
      'ServerMachineDataset/train/machine-1-1.txt': rowsOf(10, (i) => `${i},0.5`),
      'ServerMachineDataset/test/machine-1-1.txt': rowsOf(4, (i) => `${100 + i},0.25`),
      'ServerMachineDataset/test_label/machine-1-1.txt': '0\n1\n1\n0\n',
    });
    const [machine, normal] = groupsOf(smd, folder);
    expect(machine.streams[0]).toMatchObject({ trainRows: 10, role: 'test' });
    expect([...machine.streams[0].values[0].slice(8)]).toEqual([8, 9, 100, 101, 102, 103]);
    expect(segmentsOf(machine.streams[0].labels)).toEqual([{ start: 11, end: 13 }]);
    expect(normal.streams[0]).toMatchObject({ trainRows: 7, role: 'normal' });
    expect(normal.streams[0].at).toHaveLength(10);
  });

  const data = realData('smd/train/machine-1-6.csv.gz');
  it.skipIf(data === undefined)('reads the real machines, on which PCA ranks as measured elsewhere', () => {
    // vectors/smd_pca_baseline.json: PCA residual at 90 % variance, standardised.
    const expected: Record<string, number> = { 'machine-1-6': 0.8628, 'machine-2-1': 0.1517 };
    const machines = openDataFolder(data!, smd.folders);
    const sources = smd.groups(machines, parseIso8601).filter(({ name }) => name in expected);
    expect(sources).toHaveLength(2);
    for (const source of sources) {
      const group = source.load();
      const [stream] = group.streams;
      expect(group.channels).toHaveLength(38);
      const labels = stream.labels.subarray(stream.trainRows);
      const scores = fitReferences(group).pca(stream).subarray(stream.trainRows);
      expect(averagePrecision(labels, scores)).toBeCloseTo(expected[group.name], 3);
    }
  });
});

describe('batadal', () => {
  const data = realData('batadal/dataset03.csv.gz');
  it.skipIf(data === undefined)('reads the real files', () => {
    const [{ channels, streams }] = groupsOf(batadal, data!);
    expect(channels).toHaveLength(43);
    const [training, attacked] = streams;
    expect(training).toMatchObject({ name: 'dataset03', role: 'train', trainRows: 8761 });
    expect(training.at[1] - training.at[0]).toBe(3_600_000);
    expect(training.at[0]).toBe(Date.UTC(2014, 0, 6));
    expect(attacked).toMatchObject({ name: 'dataset04', role: 'test', trainRows: 0 });
    expect({ rows: ones(attacked.labels), attacks: segmentsOf(attacked.labels).length }).toEqual({
      rows: 492,
      attacks: 7,
    });
  });
});

describe('nab', () => {
  const data = realData('nab/labels/combined_windows.json');
  it.skipIf(data === undefined)('reads the real files, all rows on a regular clock', () => {
    const groups = groupsOf(nab, data!);
    expect(groups.length).toBeGreaterThanOrEqual(35);
    const machine = groups.find(({ name }) => name === 'realKnownCause/machine_temperature_system_failure')!;
    expect(machine.sampleEveryMs).toBe(300_000);
    const [stream] = machine.streams;
    expect(stream).toMatchObject({ trainRows: 750, role: 'test' });
    expect(stream.at).toHaveLength(22_695);
    expect(stream.at.every((at, row) => row === 0 || at - stream.at[row - 1] === 300_000)).toBe(true);
    expect(segmentsOf(stream.labels)).toHaveLength(4);
    const quiet = groups.find(({ name }) => name === 'artificialNoAnomaly/art_noisy')!;
    expect(quiet.streams[0]).toMatchObject({ trainRows: 604 });
    expect(ones(quiet.streams[0].labels)).toBe(0);
  });
});
