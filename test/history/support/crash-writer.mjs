// A program that appends rows as fast as it can until somebody kills it. It prints the number of rows that a flush
// has said to be safe.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , compiled, directory, first] = process.argv;
const { createHistory } = await import(pathToFileURL(join(compiled, 'history/history.js')).href);

const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
const history = createHistory({
  directory,
  channelsOf: () => ['number', 'asset'],
  retention: { ageMs: 1e12, bytes: 1e12 },
  clock: Date.now,
  log: quiet,
});
await history.start();

let next = Number(first);
function appendRound() {
  for (let i = 0; i < 50; i += 1) {
    const asset = { index: i % 7, id: `asset-${i % 7}`, className: 'pump', labels: {} };
    const values = Float32Array.of(next, i % 7);
    history.append({ asset, at: next, values, measured: Uint8Array.of(1, 1) });
    next += 1;
  }
}
// Between two flushes there is time for the tail alone to have the rows.
async function turn() {
  for (let i = 0; i < 12; i += 1) {
    appendRound();
    await new Promise((resolve) => setTimeout(resolve, i % 4 === 0 ? 100 : 0));
  }
  const safe = next;
  await history.flush();
  writeSync(1, `${safe}\n`);
}
for (;;) await turn();
