// Pumps in a process of its own, each message with the time that it was sent: node load.mjs URL PUMPS SPEED; ends at SIGTERM.
import mqtt from 'mqtt';
import { Plant } from '../../dist/simulator/plant.js';
import { payloadOf, topicOf } from '../../dist/simulator/telemetry.js';

const [url, pumps, speed] = process.argv.slice(2);
// Compressed time begins in the past, since stamps ahead of the clock are refused.
const plant = new Plant({ pumps: Number(pumps), seed: 1, startAt: Date.now() - 20 * 86_400_000 });
const client = await mqtt.connectAsync(url);
const everyMs = plant.sampleEveryMs / Number(speed);
let dueAt = performance.now();
const timer = setInterval(() => {
  // Every row at its own time, several a turn where the timer is coarser than that.
  for (; dueAt <= performance.now(); dueAt += everyMs) {
    const at = plant.advance();
    for (const pump of plant.pumps) {
      const sent = performance.timeOrigin + performance.now();
      client.publish(topicOf(pump), payloadOf(pump, at).replace('{', `{"sent":${sent},`));
    }
  }
}, 2);
process.on('SIGTERM', () => {
  clearInterval(timer);
  client.end(true, () => process.exit(0));
});
