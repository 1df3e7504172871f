// A plant in a process of its own: node bench/line-publisher.mjs URL PUMPS SPEED; ends at SIGTERM.
import { silentLogger } from '../dist/log.js';
import { Plant } from '../dist/simulator/plant.js';
import { PlantPublisher } from '../dist/simulator/publisher.js';

const [url, pumps, speed] = process.argv.slice(2);
const plant = new Plant({ pumps: Number(pumps), seed: 1, startAt: Date.now() - 30 * 86_400_000 });
const publisher = new PlantPublisher({
  plant,
  url,
  speed: Number(speed),
  maxInFlight: 1000,
  logger: silentLogger,
});
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await publisher.run(stop.signal);
