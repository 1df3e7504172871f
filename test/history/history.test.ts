import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSegmentFolder } from '../../src/history/segment-folder.ts';
import { createSegmentReader } from '../../src/history/segment-reader.ts';
import type { Logger } from '../../src/log.ts';
import { silentLogger } from '../../src/log.ts';
import { until } from '../e2e/support/until.ts';
import { channels, historyIn, plain, plantRows, rowOf, startAt, temporaryDirectory } from './support/rows.ts';

const segmentsIn = (directory: string) =>
  readdirSync(join(directory, 'pump')).filter((name) => name.endsWith('.seg'));

function recordingLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  const log = { ...silentLogger, lines, error: write('error'), warn: write('warn'), info: write('info') };
  return { ...log, child: () => log };
}

describe('history', () => {
  it('gives rows back before and after they are sealed, by asset and time', async () => {
    const history = await historyIn(temporaryDirectory());
    for (let i = 0; i < 5; i++)
      for (const id of ['b/1', 'a/1'])
        history.append(rowOf(id, startAt + i * 1000, [i, 0.5 * i], [1, i % 2]));
    const expected = ['a/1', 'b/1'].map((assetId) => ({
      assetId,
      at: [0, 1, 2, 3, 4].map((i) => startAt + i * 1000),
      values: [0, 0, 1, 0.5, 2, 1, 3, 1.5, 4, 2],
      measured: [1, 0, 1, 1, 1, 0, 1, 1, 1, 0],
    }));
    expect(plain(await history.read('pump'))).toEqual(expected);
    await history.flush();
    expect(plain(await history.read('pump'))).toEqual(expected);
    const part = await history.read('pump', { assets: ['b/1'], from: startAt + 1000, to: startAt + 2000 });
    expect(plain(part)).toEqual([
      {
        assetId: 'b/1',
        at: [startAt + 1000, startAt + 2000],
        values: [1, 0.5, 2, 1],
        measured: [1, 1, 1, 0],
      },
    ]);
    expect(await history.assets('pump')).toEqual(['a/1', 'b/1']);
    expect(await history.read('valve')).toEqual([]);
  });

  it('joins sealed segments and what is still open into one run', async () => {
    const history = await historyIn(temporaryDirectory());
    for (let i = 0; i < 30; i++) {
      history.append(rowOf('a', startAt + i * 1000, [i, i]));
      if (i % 10 === 5) await history.flush();
    }
    const [rows] = await history.read('pump');
    expect([...rows.at]).toEqual(Array.from({ length: 30 }, (_, i) => startAt + i * 1000));
    expect(history.stats()).toMatchObject({
      rows: 30,
      segments: 3,
      classes: [{ name: 'pump', rows: 30, segments: 3, fromAt: startAt, toAt: startAt + 29_000 }],
    });
  });

  it('keeps simulated rows exactly, over a restart, in less than a third of gzipped JSON lines', async () => {
    const directory = temporaryDirectory();
    const rows = plantRows(3, 1500);
    const options = { channelsOf: () => [1, 2, 3, 4, 5, 6, 7, 8].map(String) };
    const first = await historyIn(directory, options);
    for (let i = 0; i < 1500; i++)
      for (const { assetId, at, values, measured } of rows)
        first.append({
          ...rowOf(assetId, at[i], []),
          values: values.subarray(i * 8, i * 8 + 8),
          measured: measured.subarray(i * 8, i * 8 + 8),
        });
    await first.stop();
    const second = await historyIn(directory, options);
    expect(await second.read('pump')).toEqual(rows);
    // Gzipped JSON lines of the same telemetry take 24 bytes a row (bench/history.mjs).
    expect(second.stats().bytes / (3 * 1500)).toBeLessThan(10);
  });

  it('puts times that come late or twice in order; the last that came counts', async () => {
    const history = await historyIn(temporaryDirectory());
    const append = (second: number, value: number) =>
      history.append(rowOf('a', startAt + second * 1000, [value, 0]));
    for (const second of [10, 11, 12]) append(second, second);
    // The clock of the device was set back.
    for (const second of [9, 10, 11]) append(second, 100 + second);
    const expected = [109, 110, 111, 12];
    const read = async () => {
      const [rows] = await history.read('pump');
      return [...rows.values].filter((_, i) => i % 2 === 0);
    };
    expect(await read()).toEqual(expected);
    await history.flush();
    expect(await read()).toEqual(expected);
    append(12, 112);
    await history.flush();
    expect(await read()).toEqual([109, 110, 111, 112]);
  });

  it('keeps old segments readable when the channels of a class change', async () => {
    const directory = temporaryDirectory();
    const first = await historyIn(directory);
    first.append(rowOf('a', startAt, [1, 2]));
    await first.stop();
    const second = await historyIn(directory, { channelsOf: () => ['pressure', 'speed'] });
    second.append(rowOf('a', startAt + 1000, [3, 4]));
    expect(plain(await second.read('pump'))).toEqual([
      { assetId: 'a', at: [startAt, startAt + 1000], values: [Number.NaN, 1, 3, 4], measured: [0, 1, 1, 1] },
    ]);
  });

  it('starts a new segment when the channels change under way', async () => {
    let names: readonly string[] = channels;
    const history = await historyIn(temporaryDirectory(), { channelsOf: () => names });
    history.append(rowOf('a', startAt, [1, 2]));
    names = ['flow'];
    history.append(rowOf('a', startAt + 1000, [5]));
    expect(plain(await history.read('pump'))[0].values).toEqual([2, 5]);
  });

  it('sets a damaged segment aside with one line in the log, and reads the others', async () => {
    const directory = temporaryDirectory();
    const log = recordingLog();
    const history = await historyIn(directory, { log });
    for (let segment = 0; segment < 4; segment++) {
      for (let i = 0; i < 10; i++)
        history.append(rowOf('a', startAt + (10 * segment + i) * 1000, [i, 1 / (i + 1)]));
      await history.flush();
    }
    const files = segmentsIn(directory)
      .sort()
      .map((name) => join(directory, 'pump', name));
    const flip = (file: string, at: (size: number) => number): void => {
      const bytes = readFileSync(file);
      bytes[at(bytes.length)] ^= 0x10;
      writeFileSync(file, bytes);
    };
    flip(files[0], () => 20);
    truncateSync(files[1], 60);
    flip(files[2], (size) => size - 30);
    for (let again = 0; again < 2; again++)
      expect((await history.read('pump')).flatMap(({ at }) => [...at])).toEqual(
        Array.from({ length: 10 }, (_, i) => startAt + (30 + i) * 1000),
      );
    expect(log.lines).toEqual(Array(3).fill('error: a segment of the history is damaged; it is set aside'));
    expect(history.stats()).toMatchObject({ segments: 1, damaged: 3, rows: 10 });
    expect(existsSync(`${files[0]}.damaged`)).toBe(true);
    await history.stop();
    const reopened = await historyIn(directory);
    expect(reopened.stats()).toMatchObject({ segments: 1, damaged: 3 });
  });

  it('deletes what is too old, and the oldest first while all is too large', async () => {
    let now = startAt;
    const directory = temporaryDirectory();
    const retention = { ageMs: 3_600_000, bytes: 1e9 };
    const history = await historyIn(directory, { clock: () => now, retention });
    for (let hour = 0; hour < 5; hour++) {
      now = startAt + hour * 1_800_000;
      // Old stamps, as an import has them, are kept as long as others.
      history.append(rowOf('a', hour, [hour, hour]));
      await history.flush();
    }
    await history.prune();
    expect((await history.read('pump')).flatMap(({ at }) => [...at])).toEqual([2, 3, 4]);
    const segment = history.stats().bytes / 3;
    retention.bytes = 2.5 * segment;
    await history.prune();
    expect((await history.read('pump')).flatMap(({ at }) => [...at])).toEqual([3, 4]);
    expect(segmentsIn(directory)).toHaveLength(2);
    expect(history.stats().bytes).toBeLessThanOrEqual(retention.bytes);
  });

  it('stays within its bytes by itself, rows that wait for their segment included', async () => {
    const bytes = 60_000;
    const history = await historyIn(temporaryDirectory(), { retention: { ageMs: 1e12, bytes } });
    let at = startAt;
    for (let part = 0; part < 4; part++) {
      for (let i = 0; i < 4000; i++, at += 1000)
        history.append(rowOf('a', at, [Math.random(), Math.random()]));
      // Long enough for a turn of what runs every second.
      await sleep(1200);
    }
    await until(
      'all is within the bytes',
      () => history.stats().rows < 12_000 && history.stats().bytes <= bytes,
    );
    const [rows] = await history.read('pump');
    expect(rows.at.at(-1)).toBe(at - 1000);
  });

  it('drops rows without a whole time stamp, and those after its end, and counts them', async () => {
    const history = await historyIn(temporaryDirectory());
    history.append(rowOf('a', 0.5, [1, 1]));
    history.append(rowOf('a', Number.NaN, [1, 1]));
    expect(history.stats()).toMatchObject({ dropped: 2, rows: 0 });
    await history.stop();
    history.append(rowOf('a', 1, [1, 1]));
    expect(history.stats().dropped).toBe(3);
  });

  it('refuses a read of more than it may give', async () => {
    const directory = temporaryDirectory();
    const history = await historyIn(directory);
    for (let i = 0; i < 100; i++) history.append(rowOf('a', i, [1, 1]));
    await history.stop();
    const folder = createSegmentFolder(directory);
    await folder.load();
    const reader = createSegmentReader({ folder, unsealed: () => [], mostValues: 199, log: silentLogger });
    const query = { from: 0, to: 99 };
    await expect(reader.rows('pump', query, channels)).rejects.toMatchObject({
      code: 'HISTORY_TOO_LARGE',
      hint: expect.stringContaining('shorter'),
    });
    expect(await reader.rows('pump', { ...query, assets: [] }, channels)).toEqual([]);
  });

  it('goes on by itself once the disk takes rows again, and bounds what waits', async () => {
    const directory = temporaryDirectory();
    const log = recordingLog();
    // A file where the class's folder should be: nothing can be written for the class.
    writeFileSync(join(directory, 'pump'), '');
    const wide = Array.from({ length: 4000 }, (_, i) => String(i));
    const channelsOf = (className: string) => (className === 'wide' ? wide : channels);
    const history = await historyIn(directory, { log, channelsOf });
    history.append(rowOf('a', 1, [1, 1]));
    await expect(history.flush()).rejects.toMatchObject({ code: 'HISTORY_UNWRITABLE', retryable: true });
    await expect(history.flush()).rejects.toMatchObject({ code: 'HISTORY_UNWRITABLE' });
    expect(history.stats().lastError).toContain('pump');
    expect((await history.read('pump')).flatMap(({ at }) => [...at])).toEqual([1]);
    const values = Array<number>(4000).fill(0);
    for (let i = 0; i < 2100; i++)
      history.append({
        ...rowOf('b', i, values),
        asset: { index: 1, id: 'b', className: 'wide', labels: {} },
      });
    expect(history.stats().dropped).toBeGreaterThan(90);
    rmSync(join(directory, 'pump'));
    await history.flush();
    expect(history.stats().lastError).toBeNull();
    expect(log.lines).toEqual([
      'error: rows cannot be written to the history; it is tried again',
      'info: rows are written to the history again',
    ]);
    expect((await history.read('pump')).flatMap(({ at }) => [...at])).toEqual([1]);
  });
});
