// The history of rows: bytes and speed on simulated telemetry, beside the same telemetry as gzipped JSON lines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHistory } from '../dist/history/history.js';
import { Plant } from '../dist/simulator/plant.js';
import { pumpChannels } from '../dist/simulator/pump.js';
import { payloadOf } from '../dist/simulator/telemetry.js';

const names = pumpChannels.map(({ name }) => name);
const quiet = { error: console.error, warn: console.error, info() {}, debug() {}, child: () => quiet };
/** A small plant over an hour, and a large one over as long as its rows wait in memory. */
const cases = [
  { pumps: 8, rows: 3600 },
  { pumps: 5000, rows: 100 },
];

/** The best of them counts: what else the machine does can only slow a round down. */
const rounds = 4;

export const usage = 'npm run bench -- history [--json]';

export async function run(args) {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean' } } }).values;
  const results = [];
  for (const one of cases) results.push(await measure(one));
  if (json) console.log(JSON.stringify(results));
  else console.table(results);
}

async function measure({ pumps, rows }) {
  const telemetry = simulate(pumps, rows);
  const found = [];
  for (let round = 0; round < rounds; round++) found.push(await measureOnce(telemetry, rows));
  const best = (name, pick) => pick(...found.map((one) => one[name]));
  const lines = found.map(({ lines }) => lines);
  const result = {
    assets: pumps,
    rows: telemetry.length,
    bytes_a_row: found[0].bytes / telemetry.length,
    append_rows_per_s: best('append', Math.max),
    seal_rows_per_s: best('seal', Math.max),
    longest_block_while_sealing_ms: best('blockMs', Math.min),
    read_rows_per_s: best('read', Math.max),
    read_one_asset_ms: best('oneMs', Math.min),
    compared_with: 'JSON lines, gzip',
    json_gzip_bytes_a_row: lines[0].bytes,
    json_gzip_read_rows_per_s: Math.max(...lines.map(({ read }) => read)),
  };
  return {
    ...result,
    bytes_ratio: result.json_gzip_bytes_a_row / result.bytes_a_row,
    read_ratio: result.read_rows_per_s / result.json_gzip_read_rows_per_s,
  };
}

async function measureOnce(telemetry, rowsOfOne) {
  const count = telemetry.length;
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-bench-'));
  const history = createHistory({
    directory,
    channelsOf: () => names,
    retention: { ageMs: 1e12, bytes: 1e15 },
    clock: Date.now,
    log: quiet,
  });
  try {
    await history.start();
    const append = await rateOf(count, () => {
      for (const row of telemetry) history.append(row);
    });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const seal = await rateOf(count, () => history.flush());
    delay.disable();
    const { bytes } = history.stats();
    const read = await rateOf(count, () => history.read('pump'));
    const one = await rateOf(rowsOfOne, () => history.read('pump', { assets: ['pump-1'] }));
    return {
      ...{ bytes, append, seal, read, lines: jsonLines(telemetry) },
      blockMs: Math.round(delay.max / 1e5) / 10,
      oneMs: Math.round((rowsOfOne / one) * 1e4) / 10,
    };
  } finally {
    await history.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Rows in order of time, with the decimals that the plant publishes. */
function simulate(pumps, rows) {
  const plant = new Plant({ pumps, seed: 1, startAt: Date.UTC(2026, 0, 1) });
  const measured = new Uint8Array(names.length).fill(1);
  const assets = plant.pumps.map(({ asset, index }) => ({ index, id: asset, className: 'pump', labels: {} }));
  const telemetry = [];
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const [i, pump] of plant.pumps.entries()) {
      const values = Float32Array.from(Object.values(JSON.parse(payloadOf(pump, at)).values));
      telemetry.push({ asset: assets[i], at, values, measured });
    }
  }
  return telemetry;
}

/** In pieces, since a text has an end; asset by asset would be kinder to gzip, and is not how rows come. */
function jsonLines(telemetry) {
  const size = 50_000;
  let bytes = 0;
  let seconds = 0;
  for (let from = 0; from < telemetry.length; from += size) {
    const text = telemetry
      .slice(from, from + size)
      .map(({ asset, at, values }) => {
        const decimals = [...values].map((value) => Number(value.toPrecision(7)));
        return JSON.stringify({ asset: asset.id, ts: at, values: decimals });
      })
      .join('\n');
    const packed = gzipSync(text);
    bytes += packed.length;
    const startedAt = performance.now();
    for (const line of gunzipSync(packed).toString().split('\n')) Float32Array.from(JSON.parse(line).values);
    seconds += (performance.now() - startedAt) / 1000;
  }
  return { bytes: bytes / telemetry.length, read: Math.round(telemetry.length / seconds) };
}

async function rateOf(rows, work) {
  const startedAt = performance.now();
  await work();
  return Math.round((rows * 1000) / (performance.now() - startedAt));
}
