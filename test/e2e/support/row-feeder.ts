import { connectAsync } from 'mqtt';
import { onTestFinished } from 'vitest';
import type { StatusBody } from '../../../src/api/status-schema.ts';
import { Plant } from '../../../src/simulator/plant.ts';
import { payloadOf, topicOf } from '../../../src/simulator/telemetry.ts';
import type { RunningDaemon } from './daemon.ts';
import { assetIdOf } from './test-plant.ts';
import { until } from './until.ts';

interface Payload {
  readonly ts: number;
  readonly values: Record<string, number>;
}

/** Publishes a plant's rows by number and not by the clock, so that a test says exactly what the line gets. */
export interface RowFeeder {
  readonly plant: Plant;
  assetId(pump: number): string;
  /**
   * Publishes that many rows of the pumps of these indexes, each changed by `change`, and resolves when all windows
   * have their verdicts.
   */
  feed(
    rows: number,
    pumps: readonly number[],
    change?: (payload: Payload, pump: number) => Payload,
  ): Promise<void>;
}

/** For one test. Its rows begin in the past, since stamps ahead of the clock are refused. */
export async function startRowFeeder(daemon: RunningDaemon, pumps: number): Promise<RowFeeder> {
  // A daemon watches before its broker has granted anything: what is published sooner reaches nobody.
  const { ingest: before } = await until('the broker has granted the subscription', async () => {
    const { body } = await daemon.get<StatusBody>('/api/v1/status');
    return body.mqtt.subscriptions.every(({ granted }) => granted !== null) && body;
  });
  const client = await connectAsync(daemon.brokerUrl);
  onTestFinished(() => client.endAsync(true));
  const plant = new Plant({ pumps, seed: 7, startAt: Date.now() - 3_600_000 });
  let sent = before.messages;
  return {
    plant,
    assetId: (pump) => assetIdOf(plant, pump),
    async feed(rows, indexes, change = (payload) => payload) {
      for (let row = 0; row < rows; row++) {
        const at = plant.advance();
        for (const index of indexes) {
          const pump = plant.pumps[index];
          const payload = change(JSON.parse(payloadOf(pump, at)) as Payload, index);
          await client.publishAsync(topicOf(pump), JSON.stringify(payload), { qos: 1 });
          sent++;
        }
      }
      let seen = '';
      await until(
        'every window has its verdict',
        async () => {
          const { ingest, scoring } = (await daemon.get<StatusBody>('/api/v1/status')).body;
          const verdicts = Object.values(scoring.verdicts).reduce((sum, count) => sum + count, 0);
          seen = `${ingest.messages} of ${sent} messages, ${verdicts} of ${ingest.windows} windows, ${scoring.waiting} wait`;
          return ingest.messages === sent && scoring.waiting === 0 && verdicts === ingest.windows;
        },
        { explain: () => seen },
      );
    },
  };
}
