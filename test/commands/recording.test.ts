import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RecordingOptions, readRecording } from '../../src/commands/recording.ts';

function fileOf(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-recording-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'rig.csv');
  writeFileSync(file, text);
  return file;
}

const read = (text: string, options: Partial<RecordingOptions> = {}) =>
  readRecording(fileOf(text), { labels: [], ...options });

const start = Date.UTC(2024, 2, 1, 12);
const stamps = ['2024-03-01 12:00:00', '2024-03-01 12:00:02', '2024-03-01 12:00:04'];

describe('readRecording', () => {
  it.each([[';'], [','], ['\t'], ['|']])('finds the separator %j by itself', (separator) => {
    const rows = [
      ['time', 'flow', 'pressure'],
      [stamps[0], '1', '10.5'],
      [stamps[1], '2', '11.5'],
    ];
    const recording = read(rows.map((row) => row.join(separator)).join('\n'));
    expect(recording.channels).toEqual(['flow', 'pressure']);
    expect(recording.values.map((values) => [...values])).toEqual([
      [1, 2],
      [10.5, 11.5],
    ]);
    expect([...recording.at]).toEqual([start, start + 2000]);
    expect(recording.sampleEveryMs).toBe(2000);
  });

  it('takes the separator that it is told', () => {
    const recording = read('a,x#b\n1#2\n3#4\n', { separator: '#' });
    expect(recording.channels).toEqual(['a,x', 'b']);
  });

  it('reads quoted cells, a byte order mark, carriage returns, spaces and empty lines', () => {
    const recording = read('\uFEFFa;time;"flow; net" \r\n\r\n1;"2024-03-01 12:00:00"; 2 \r\n');
    expect(recording.channels).toEqual(['a', 'flow; net']);
    expect([...recording.at]).toEqual([start]);
    expect([...recording.values[0]]).toEqual([1]);
  });

  it.each([
    ['ISO 8601 with a zone', ['2024-03-01T13:00:00+01:00', '2024-03-01T12:00:01Z']],
    ['epoch seconds', [String(start / 1000), String(start / 1000 + 1)]],
    ['epoch seconds with a fraction', [`${start / 1000}.0`, `${start / 1000 + 1}.0`]],
    ['epoch milliseconds', [String(start), String(start + 1000)]],
  ])('finds the time column wherever it is: %s', (_form, times) => {
    const recording = read(`a,when,b\n1,${times[0]},5\n2,${times[1]},6\n`);
    expect([...recording.at]).toEqual([start, start + 1000]);
    expect(recording.channels).toEqual(['a', 'b']);
  });

  it('does not take a channel with great values for the time', () => {
    const pressure = ['101325000', '101320000', '101330000'];
    const constant = ['1700000000', '1700000000', '1700000000'];
    const rows = stamps.map((stamp, i) => [pressure[i], constant[i], stamp].join(';'));
    const recording = read(['pressure;serial;time', ...rows].join('\n'));
    expect(recording.channels).toEqual(['pressure', 'serial']);
    expect(recording.at[0]).toBe(start);
  });

  it('makes up one row a second where there is no time', () => {
    const recording = read('a,b\n1,2\n3,4\n5,6\n');
    expect([...recording.at]).toEqual([0, 1000, 2000]);
    expect(recording.channels).toEqual(['a', 'b']);
    expect(recording.sampleEveryMs).toBe(1000);
  });

  it('watches the numeric columns, or those it is told to in that order', () => {
    const text = `time,a,note,b\n${stamps[0]},1,fine,2\n${stamps[1]},3,,4\n`;
    expect(read(text).channels).toEqual(['a', 'b']);
    const chosen = read(text, { channels: ['b', 'a'] });
    expect(chosen.channels).toEqual(['b', 'a']);
    expect(chosen.values.map((values) => [...values])).toEqual([
      [2, 4],
      [1, 3],
    ]);
  });

  it('leaves empty and not-a-number cells missing, and a column of them out', () => {
    const recording = read('a,b,never\n1,nan,\n,2,\n3,NaN,\n');
    expect(recording.channels).toEqual(['a', 'b']);
    expect([...recording.values[0]]).toEqual([1, Number.NaN, 3]);
    expect([...recording.values[1]]).toEqual([Number.NaN, 2, Number.NaN]);
  });

  it('keeps labels from the channels, and does not mind one that the file lacks', () => {
    const recording = read('a,anomaly\n1,0.0\n2,1.0\n3,1\n4,\n', { labels: ['anomaly', 'changepoint'] });
    expect(recording.channels).toEqual(['a']);
    expect(Object.keys(recording.labels)).toEqual(['anomaly']);
    expect([...recording.labels.anomaly]).toEqual([0, 1, 1, 0]);
  });

  it('takes the middle step for the sampling, whatever gaps and repeats there are', () => {
    const seconds = [0, 1, 2, 2, 3, 60, 61, 62];
    const text = seconds.map((second) => `${start / 1000 + second},1`).join('\n');
    expect(read(`time,a\n${text}`, { time: 'time' }).sampleEveryMs).toBe(1000);
  });

  it.each<[string, string, Partial<RecordingOptions>, RegExp, RegExp]>([
    [
      'a bad time stamp, by row and column',
      `time;a\n${stamps[0]};1\nyesterday;2\n`,
      { time: 'time' },
      /row 2 has no time stamp in column time/,
      /ISO 8601/,
    ],
    ['a time column that is not there', 'a;b\n1;2\n', { time: 't' }, /no column t/, /a, b/],
    ['a channel that is not there', 'a;b\n1;2\n', { channels: ['c'] }, /no column c/, /a, b/],
    ['no numbers', 'a;b\nx;y\n', {}, /no numeric column/, /a, b/],
    ['a header alone', 'a;b\n', {}, /no rows/, /header/],
    ['nothing', '', {}, /no rows/, /header/],
    ['rows of different length', 'a;b\n1;2\n1;2;3\n', {}, /./, /--separator/],
  ])('refuses %s', (_what, text, options, message, hint) => {
    const file = fileOf(text);
    let thrown: unknown;
    try {
      readRecording(file, { labels: [], ...options });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'RECORDING_UNREADABLE',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect((thrown as Error).message).toContain(file);
  });

  it('refuses a file that is not there', () => {
    expect(() => readRecording('/does/not/exist.csv', { labels: [] })).toThrow(
      expect.objectContaining({ code: 'RECORDING_UNREADABLE', message: expect.stringContaining('ENOENT') }),
    );
  });
});
