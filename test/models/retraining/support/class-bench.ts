import { join } from 'node:path';
import { silentLogger } from '../../../../src/log.ts';
import type { Model } from '../../../../src/models/model.ts';
import { createRegistry, type Registry } from '../../../../src/models/registry.ts';
import type { GatheredRows, RowRequest } from '../../../../src/models/retraining/challenge.ts';
import type { ConfirmedFault } from '../../../../src/models/retraining/confirmed-faults.ts';
import type { Comparison, Judgements } from '../../../../src/models/retraining/judgement.ts';
import { createLifeLog, type LifeLog } from '../../../../src/models/retraining/life-log.ts';
import {
  createRetrainer,
  type Retrainer,
  type RetrainerOptions,
} from '../../../../src/models/retraining/retrainer.ts';
import { createSchedule } from '../../../../src/models/retraining/schedule.ts';
import { createTrainingGate } from '../../../../src/models/retraining/training-gate.ts';
import type { TrainingOrder } from '../../../../src/models/trainer.ts';
import { healthyRows, plainModel, smallOrder, temporaryDirectory } from '../../support/fixtures.ts';
import { judgementOf } from './judgements.ts';

/** A training that was asked for; the test decides how it ends. */
export interface AskedTraining {
  readonly order: TrainingOrder;
  readonly comparison: Comparison;
  readonly signal: AbortSignal;
  succeed(judgements?: Partial<Judgements>): Model;
  fail(error: unknown): void;
}

/** A class with a champion, whose trainings, rows and live windows are the test's to decide. */
export interface ClassBench {
  readonly retrainer: Retrainer;
  readonly registry: Registry;
  readonly life: LifeLog;
  readonly directory: string;
  readonly first: Model;
  readonly trainings: AskedTraining[];
  readonly requests: RowRequest[];
  readonly adopted: string[];
  readonly log: string[];
  /** Challengers that are shadowed now. */
  readonly shadows: Model[];
  readonly rows: GatheredRows & { refusal: string | null };
  /** What shadowing is to have counted; failures and drift to come. */
  readonly world: {
    windows: number;
    challengerEpisodes: number;
    championEpisodes: number;
    adoptFailure: unknown;
    drifting: boolean;
    faults: readonly ConfirmedFault[];
  };
  adopt(model: Model): Promise<void>;
  advance(ms: number): void;
  /** Ticks, and lets what it began settle as far as it can. */
  tick(): Promise<void>;
}

const dayMs = 86_400_000;
/** Rows end here; the first model was trained on the day before. */
const rowsEnd = 1_700_000_000_000 + 2000 * 1000;

export function modelOf(number: number, toAt = 0): Model {
  const model = plainModel({ channels: 3, length: 8, number, seed: number });
  return { ...model, card: { ...model.card, data: { ...model.card.data, toAt } } };
}

export async function classBench(
  changes: Partial<RetrainerOptions['settings']> = {},
  directory = temporaryDirectory(),
): Promise<ClassBench> {
  let now = rowsEnd;
  const models = join(directory, 'models');
  const registry = createRegistry(models);
  const life = createLifeLog(models);
  const first = modelOf(1, rowsEnd - dayMs);
  let champion: Model | null = registry.champion('pump');
  if (champion === null) {
    registry.save(first);
    registry.promote('pump', first.card.id);
    champion = registry.champion('pump');
  }
  const trainings: AskedTraining[] = [];
  const requests: RowRequest[] = [];
  const adopted: string[] = [];
  const log: string[] = [];
  const shadows: Model[] = [];
  const rows = { assets: [healthyRows('a', 2000, 1)], refusal: null as string | null };
  const world = {
    windows: 0,
    challengerEpisodes: 0,
    championEpisodes: 0,
    adoptFailure: null as unknown,
    drifting: false,
    faults: [] as readonly ConfirmedFault[],
  };
  const adopt = async (model: Model): Promise<void> => {
    if (world.adoptFailure !== null) throw world.adoptFailure;
    registry.promote('pump', model.card.id);
    champion = model;
    adopted.push(model.card.id);
  };
  const note = (_fields: object, message: string) => void log.push(message);
  const { assets: _assets, number: _number, ...order } = smallOrder();
  const retrainer = createRetrainer({
    className: 'pump',
    settings: {
      lookBackMs: 30 * dayMs,
      rows: 10_000,
      judge: 0.2,
      warmStart: true,
      mode: 'automatic',
      shadowForMs: 3_600_000,
      ...changes,
    },
    order,
    rule: { raise: 1, clear: 0.9, raiseOn: { windows: 3, of: 5 }, clearAfter: 10 },
    keep: 2,
    registry,
    life,
    schedule: createSchedule({
      directory: join(models, 'pump'),
      className: 'pump',
      cron: { expression: '0 3 * * *', timeZone: 'UTC' },
      jitterMs: 0,
      clock: () => now,
      nextRun: () => (Math.floor(now / dayMs) + 1) * dayMs,
    }),
    gate: createTrainingGate(1),
    clock: () => now,
    log: { ...silentLogger, info: note, error: note },
    gather(request) {
      requests.push(request);
      return Promise.resolve(rows);
    },
    confirmedFaults: () => Promise.resolve(world.faults),
    train: (asked, _onProgress, signal, comparison) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
        trainings.push({
          order: asked,
          comparison,
          signal,
          fail: reject,
          succeed(judgements = {}) {
            const model = modelOf(asked.number, asked.assets[0].at.at(-1));
            const judged = {
              champion: judgementOf({ heldOutError: 0.5 }),
              challenger: judgementOf({ heldOutError: 0.4 }),
              labelled: null,
              ...judgements,
            };
            resolve({ model, student: null, studentFailure: null, judgements: judged });
            return model;
          },
        });
      }),
    async openShadow(model) {
      shadows.push(model);
      const counts = (episodes: number) => ({ windows: world.windows, anomalous: 0, episodes });
      return {
        model,
        accept: () => undefined,
        onVerdict: () => undefined,
        counts: () => ({
          champion: counts(world.championEpisodes),
          challenger: counts(world.challengerEpisodes),
        }),
        async stop() {
          shadows.splice(shadows.indexOf(model), 1);
        },
      };
    },
    champion: () => champion,
    adopt,
    drifting: () => world.drifting,
  });
  await retrainer.start();
  return {
    ...{
      retrainer,
      registry,
      life,
      directory,
      first,
      trainings,
      requests,
      adopted,
      log,
      shadows,
      rows,
      world,
      adopt,
    },
    advance(ms) {
      now += ms;
    },
    async tick() {
      retrainer.tick();
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** What was written into the class's history. */
export const happened = ({ life }: ClassBench) =>
  life.events('pump').map(({ kind, reason }) => `${kind} ${reason}`);

/** Goes to the next night and lets the training end well. */
export async function night(bench: ClassBench) {
  bench.advance(dayMs);
  await bench.tick();
  const model = bench.trainings.at(-1)!.succeed();
  await bench.tick();
  return model;
}
