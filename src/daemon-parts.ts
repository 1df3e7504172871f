import type { Delivery } from './alerts/delivery.ts';
import type { InfluxOutput } from './alerts/influx/influx-output.ts';
import type { Journal } from './alerts/journal.ts';
import type { Config } from './config.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history/history.ts';
import type { Subscriber } from './ingest/subscriber.ts';
import type { KeptBaselines } from './kept-baselines.ts';
import type { LevelShifts } from './level-shifts.ts';
import type { Metrics } from './metrics.ts';
import type { ModelCares } from './model-cares.ts';
import type { ChosenEngine } from './models/engine-choice.ts';
import type { Registry } from './models/registry.ts';
import type { Pipeline } from './pipeline.ts';
import type { Clock } from './types.ts';

/** What a daemon consists of while it runs, for the commands that embed a daemon and for the status. */
export interface DaemonParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly journal: Journal;
  readonly registry: Registry;
  readonly history: History;
  readonly baselines: KeptBaselines;
  readonly engine: ChosenEngine;
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly cares: ModelCares;
  readonly levels: LevelShifts;
  readonly delivery: Delivery;
  readonly influx: InfluxOutput | null;
  readonly subscriber: Subscriber;
  /** Where telemetry comes from; the embedded broker's own address when it runs. */
  readonly brokerUrl: string;
  readonly apiUrl: string;
}
