import { onTestFinished } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import type { FaultKind } from '../../../src/simulator/faults.ts';
import { Plant } from '../../../src/simulator/plant.ts';
import { PlantPublisher } from '../../../src/simulator/publisher.ts';

/** Compressed time starts in the past, since stamps ahead of the clock are refused. */
const startsBeforeMs = 12 * 3_600_000;

/** Pumps that publish in compressed time, for one test. */
export interface TestPlant {
  readonly plant: Plant;
  readonly publisher: PlantPublisher;
  /** Id that the daemon gives to the pump of this index. */
  assetId(pump: number): string;
  /** Puts a fault of twice its usual size on a pump; the result ends it. */
  inject(pump: number, kind: FaultKind): () => void;
  stop(): Promise<void>;
}

export function startPlant(
  url: string,
  options: { readonly pumps?: number; readonly speed?: number; readonly startAt?: number } = {},
): TestPlant {
  const { pumps = 4, speed = 150, startAt = Date.now() - startsBeforeMs } = options;
  const plant = new Plant({ pumps, seed: 7, startAt });
  const publisher = new PlantPublisher({ plant, url, speed, logger: silentLogger });
  const running = publisher.run();
  const stop = async (): Promise<void> => {
    await publisher.stop();
    await running;
  };
  onTestFinished(stop);
  return {
    plant,
    publisher,
    assetId: (pump) => assetIdOf(plant, pump),
    inject(pump, kind) {
      const label = plant.inject(pump, { kind, startAt: plant.nextAt, size: 2, rampMs: 5000 });
      return () => void plant.clear(label);
    },
    stop,
  };
}

export function assetIdOf(plant: Plant, pump: number): string {
  const { site, line, asset } = plant.pumps[pump];
  return `${site}/${line}/${asset}`;
}
