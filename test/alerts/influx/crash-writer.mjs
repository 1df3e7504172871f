// A program that gives scores to an InfluxDB that is away until somebody kills it. It prints how many scores are safe.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , compiled, stateDir, url] = process.argv;
const { createInfluxOutput } = await import(
  pathToFileURL(join(compiled, 'alerts/influx/influx-output.js')).href
);

const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
const output = createInfluxOutput({
  url,
  database: 'forewarn',
  username: null,
  password: null,
  token: null,
  retentionPolicy: null,
  timeoutMs: 1000,
  scores: true,
  rows: false,
  channelErrors: false,
  spoolBytes: 1e9,
  stateDir,
  channels: () => [{ name: 'vibration', unit: 'mm/s' }],
  clock: Date.now,
  log: quiet,
  flushMs: 20,
});
output.start();

const asset = { index: 0, id: 'a', className: 'pump', labels: {} };
const one = Float32Array.of(1);
let value = 0;
let before = 0;
function turn() {
  // A line here has fewer than 100 bytes.
  const { spoolBytes } = output.status();
  if (spoolBytes > 0) {
    const safe = Math.floor(spoolBytes / 100);
    if (safe > before) writeSync(1, `${safe}\n`);
    before = safe;
  }
  for (let i = 0; i < 500; i += 1) {
    const score = {
      asset,
      at: 1_700_000_000_000 + value,
      value,
      attribution: one,
      expected: one,
      actual: one,
      model: 'm',
    };
    output.onVerdict({ kind: 'normal', asset, at: score.at, score });
    value += 1;
  }
  setTimeout(turn, 1);
}
turn();
