import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, resolveConfig } from '../config.ts';
import { createDaemon, type Daemon } from '../daemon.ts';
import type { DaemonParts } from '../daemon-parts.ts';
import { ForewarnError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { Plant } from '../simulator/plant.ts';
import { PlantPublisher } from '../simulator/publisher.ts';
import { pumpChannels } from '../simulator/pump.ts';
import type { Alert } from '../types.ts';

export const demoPumps = 8;
/** Simulated seconds a second of the wall clock. */
const speed = 80;
/** Rows a pump that the first model learns from. */
const learnRows = 900;
/** The plant's clock starts in the past, because compressed time must not run ahead of the real one. */
const startsBeforeMs = 12 * 3_600_000;
/** Messages between plant and daemon; beyond it the plant waits. */
const mostUnderWay = 512;

/** A daemon with its own broker, and a plant that publishes to it, in compressed time. */
export interface DemoPlant {
  readonly parts: DaemonParts;
  readonly plant: Plant;
  readonly publisher: PlantPublisher;
  /** The plant's time of the latest rows. */
  now(): number;
  /** Resolves true when `reached()` holds, asked at every tick; false when the plant's time passes `until`, or it ends. */
  when(reached: () => boolean, until: number): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startDemoPlant(options: {
  seed: number;
  stateDir: string;
  apiPort: number;
  webhookUrl: string;
  signal: AbortSignal;
  onAlert(alert: Alert): void;
}): Promise<DemoPlant> {
  const { daemon, parts } = await startDaemon(options);
  const startAt = Date.now() - startsBeforeMs;
  const plant = new Plant({ pumps: demoPumps, seed: options.seed, startAt });
  let now = startAt;
  let ended = false;
  const waiting = new Set<() => void>();
  const publisher = new PlantPublisher({
    plant,
    url: parts.brokerUrl,
    speed,
    logger: createLogger({ level: 'error', format: 'pretty' }),
    async onTick(at) {
      now = at;
      for (const ask of waiting) ask();
      const { ingest } = parts.pipeline;
      while (publisher.counters.published - ingest.stats().messages > mostUnderWay && !options.signal.aborted)
        await sleep(2);
    },
  });
  const running = publisher.run(options.signal).finally(() => {
    ended = true;
    for (const ask of waiting) ask();
  });

  return {
    parts,
    plant,
    publisher,
    now: () => now,
    when: (reached, until) =>
      new Promise((resolve) => {
        const ask = (): void => {
          const yes = reached();
          if (!yes && now < until && !ended) return;
          waiting.delete(ask);
          resolve(yes);
        };
        waiting.add(ask);
      }),
    async stop() {
      await publisher.stop();
      await running;
      await daemon.stop();
    },
  };
}

async function startDaemon(
  options: Parameters<typeof startDemoPlant>[0],
): Promise<{ daemon: Daemon; parts: DaemonParts }> {
  const log = createLogger({ level: 'error', format: 'pretty' });
  const build = (port: number): Daemon =>
    createDaemon({ config: demoConfig(options, port), log, clock: Date.now, onAlert: options.onAlert });
  let daemon = build(options.apiPort);
  try {
    return { daemon, parts: await daemon.start() };
  } catch (error) {
    if (!(error instanceof ForewarnError && error.code === 'API_PORT_IN_USE')) throw error;
    daemon = build(0);
    return { daemon, parts: await daemon.start() };
  }
}

/** The defaults, but for what the compressed time and the neighbours on this machine ask for. */
function demoConfig(options: { stateDir: string; webhookUrl: string }, apiPort: number): Config {
  const document = {
    state_dir: options.stateDir,
    mqtt: { embedded: { port: 0 } },
    api: { port: apiPort },
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
        train: { after: demoPumps * learnRows },
        // The story is shorter than any night.
        retrain: { schedule: null },
      },
    },
    webhooks: [{ name: 'demo', url: options.webhookUrl }],
  };
  const { config, problems } = resolveConfig(document, { env: {}, baseDir: '.' });
  if (config === null) throw new Error(`the demo's own configuration is wrong: ${JSON.stringify(problems)}`);
  return config;
}
