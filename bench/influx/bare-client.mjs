// The plant of the benchmark, and a client that knows nothing but how to post lines. As a program it writes the plant's
// scores at a pace: URL POINTS_PER_SECOND.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTelemetryLines } from '../../dist/alerts/influx/telemetry-lines.js';

export const assets = 2000;
export const channels = [
  'speed',
  'current',
  'pressure',
  'flow',
  'vibration',
  'bearing',
  'fluid',
  'voltage',
].map((name) => ({ name, unit: '' }));
const fleet = Array.from({ length: assets }, (_, index) => {
  const labels = { site: `site-${index % 4}`, line: `line-${index % 20}`, asset: `pump-${index}` };
  return { index, id: Object.values(labels).join('/'), className: 'pump', labels };
});
const attribution = Float32Array.from(channels, (_, i) => (i === 4 ? 0.6512345 : 0.05));

/** The i-th verdict of a plant whose assets take turns, a second of theirs apart. */
export function verdictAt(i) {
  const asset = fleet[i % assets];
  const at = 1_700_000_000_000 + Math.floor(i / assets) * 1000;
  const value = 0.2 + ((i * 7919) % 1000) / 1234.567;
  const score = { asset, at, value, attribution, expected: attribution, actual: attribution, model: 'm' };
  return { kind: 'normal', asset, at, score };
}

/** Lines of the scores `from` to `to`, in one body. */
export function bodyOf(from, to) {
  const lines = createTelemetryLines(() => channels);
  return `${Array.from({ length: to - from }, (_, i) => lines.score(verdictAt(from + i).score)).join('\n')}\n`;
}

/** Posts over one connection, one request after the other. */
export function createBareClient(url, database) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = async (path, body) => {
    const headers = { 'Content-Length': Buffer.byteLength(body) };
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers });
    sent.end(body);
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
    if (response.statusCode >= 300) throw new Error(`HTTP ${response.statusCode} from ${url}${path}`);
  };
  return {
    create: () => post(`/query?q=CREATE+DATABASE+${database}`, ''),
    write: (body) => post(`/write?db=${database}&precision=ms`, body),
    close: () => agent.destroy(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url, pace] = process.argv;
  const client = createBareClient(url, 'beside');
  await client.create();
  const startedAt = performance.now();
  for (let sent = 0; ; ) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * Number(pace));
    if (due > sent) await client.write(bodyOf(sent, due));
    sent = due;
    await sleep(100);
  }
}
