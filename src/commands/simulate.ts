import { ForewarnError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { type FaultKind, faultKinds } from '../simulator/faults.ts';
import { Plant } from '../simulator/plant.ts';
import { PlantPublisher } from '../simulator/publisher.ts';
import type { CommandContext } from './context.ts';

export interface SimulateOptions {
  readonly url: string;
  readonly pumps: number;
  readonly speed: number;
  readonly seed: number;
  readonly fault?: string;
  readonly faultAfter: number;
}

const compressedStartMs = 30 * 86_400_000;

/** Publishes a plant until interrupted, in real time from now on unless `speed` compresses it. */
export async function simulate(options: SimulateOptions, context: CommandContext): Promise<void> {
  // Compressed time starts in the past: stamps ahead of the clock are refused.
  const startAt = Date.now() - (options.speed > 1 ? compressedStartMs : 0);
  const plant = new Plant({ pumps: options.pumps, seed: options.seed, startAt });
  if (options.fault !== undefined) {
    const { kind, pump } = parseFault(options.fault, options.pumps);
    plant.inject(pump, { kind, startAt: startAt + options.faultAfter * 1000 });
  }
  const logger = createLogger({ level: 'info', format: context.interactive ? 'pretty' : 'json' });
  const publisher = new PlantPublisher({ plant, url: options.url, speed: options.speed, logger });
  await publisher.run(context.signal);
  context.out(`${publisher.counters.acknowledged} messages published`);
}

function parseFault(text: string, pumps: number): { kind: FaultKind; pump: number } {
  const [kind, number] = text.split('@');
  const pump = Number(number) - 1;
  const known = faultKinds.find((candidate) => candidate === kind);
  if (known !== undefined && Number.isInteger(pump) && pump >= 0 && pump < pumps)
    return { kind: known, pump };
  throw new ForewarnError('OPTION_INVALID', `--fault ${text} is not KIND@PUMP`, {
    hint: `Kinds: ${faultKinds.join(', ')}; pumps: 1 to ${pumps}.`,
  });
}
