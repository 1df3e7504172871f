// A prepared stream of messages with known faults: the same rows in event time, however fast they are published.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { faultKinds } from '../../dist/simulator/faults.js';
import { Plant } from '../../dist/simulator/plant.js';
import { createRandom } from '../../dist/simulator/random.js';
import { payloadOf, topicOf } from '../../dist/simulator/telemetry.js';

const NORMAL_BAR = 80;
const FAULTY_BAR = 120;
/** Rows before the first fault and between two of an asset: more than a window, and than an alert needs to resolve. */
const QUIET_ROWS = 150;
/** Kinds that the small model of the drills finds within seconds. */
const kinds = faultKinds.filter((kind) => kind === 'leak' || kind === 'cavitation');

/**
 * `rows` rows, a second of event time apart, of presses and pumps. Each press is beyond its limit `pressFaults` times for
 * `pressRows` rows, and each of the first `faultyPumps` pumps has
 * `pumpFaults` faults of `pumpRows` rows.
 */
export function createStream({
  rows,
  presses,
  pressFaults,
  pressRows,
  pumps,
  pumpFaults,
  faultyPumps = pumps,
  pumpRows,
  startAt,
  seed = 5,
}) {
  const random = createRandom(seed, 1);
  const faults = [];
  const schedule = (count, length, add) => {
    const room = (rows - QUIET_ROWS) / count;
    if (room < length + QUIET_ROWS)
      throw new RangeError(`${rows} rows are too few for ${count} faults an asset`);
    for (let i = 0; i < count; i++) {
      const slack = room - length - QUIET_ROWS;
      const from = Math.floor(QUIET_ROWS + i * room + random.uniform() * slack);
      add(from, from + length);
    }
  };
  const pressNames = Array.from({ length: presses }, (_, i) => `press-${i + 1}`);
  const pressPlace = (i) => `north/line-${(i % 10) + 1}/${pressNames[i]}`;
  const pressFaultsOf = pressNames.map((_, i) => {
    const own = [];
    schedule(pressFaults, pressRows, (from, to) => {
      own.push([from, to]);
      faults.push({ asset: pressPlace(i), rule: 'limit:pressure:high', from, to });
    });
    return own;
  });
  const plant = pumps === 0 ? null : new Plant({ pumps, seed: 7, startAt });
  for (let i = 0; i < Math.min(pumps, faultyPumps); i++) {
    const { site, line, asset } = plant.pumps[i];
    schedule(pumpFaults, pumpRows, (from, to) => {
      const kind = kinds[faults.length % kinds.length];
      const times = { startAt: startAt + from * 1000, endAt: startAt + to * 1000 };
      plant.inject(i, { kind, ...times, size: 2, rampMs: 5000 });
      faults.push({ asset: `${site}/${line}/${asset}`, rule: 'anomaly', from, to });
    });
  }
  let row = 0;
  return {
    rows,
    faults: faults.map(({ from, to, ...fault }) => ({
      ...fault,
      startAt: startAt + from * 1000,
      endAt: startAt + to * 1000,
    })),
    /** Messages of the next row. */
    next() {
      const at = startAt + row * 1000;
      const messages = pressNames.map((_, i) => {
        const over = pressFaultsOf[i].some(([from, to]) => row >= from && row < to);
        const values = { pressure: over ? FAULTY_BAR : NORMAL_BAR + ((row * 7 + i) % 10), force: 5 };
        return [`presses/${pressPlace(i)}`, JSON.stringify({ ts: at, values })];
      });
      if (plant !== null) {
        plant.advance();
        for (const pump of plant.pumps) messages.push([topicOf(pump), payloadOf(pump, at)]);
      }
      row += 1;
      return { at, messages };
    },
  };
}

/**
 * Publishes the stream with QoS 1 at `rowsPerSecond` of each asset; `Infinity` is as fast as the broker takes it. Calls
 * `onRow(at)` when a row is under way, and waits with a row until `mayPublish(row)`.
 */
export async function publishStream(
  stream,
  url,
  rowsPerSecond,
  { onRow = () => {}, mayPublish = () => true } = {},
) {
  const client = await connectAsync(url);
  let inFlight = 0;
  let dueAt = performance.now();
  for (let row = 0; row < stream.rows; row++) {
    while (!mayPublish(row)) await sleep(10);
    const { at, messages } = stream.next();
    for (const [topic, payload] of messages) {
      while (inFlight >= 500) await sleep(1);
      inFlight += 1;
      client.publish(topic, payload, { qos: 1 }, () => {
        inFlight -= 1;
      });
    }
    onRow(at);
    dueAt += 1000 / rowsPerSecond;
    const waitMs = dueAt - performance.now();
    if (waitMs > 1) await sleep(waitMs);
  }
  while (inFlight > 0) await sleep(5);
  await client.endAsync();
}
