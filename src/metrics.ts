import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ruleKindOf } from './alerts/alert-rule.ts';
import type { StatusBody } from './api/status-schema.ts';
import type { Timed } from './api/timed.ts';
import type { Alert } from './types.ts';

type Status = Timed<StatusBody>;
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** One metric that is computed from the status at a scrape. Labels are bounded: classes, sinks, reasons; no asset. */
interface Pulled {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (status: Status) => readonly Sample[];
}

export interface Metrics {
  /** Names where the counters are read at a scrape; before it only the process is described. */
  read(sources: { status(): Status }): void;
  /** A batch was scored in `ms`. */
  observeBatch(windows: number, ms: number): void;
  /** An alert was raised or resolved. */
  observeAlert(alert: Alert): void;
  readonly contentType: string;
  /** The Prometheus text format, version 0.0.4. Rejects with what the source throws. */
  text(): Promise<string>;
}

/** From a batch that the engine does in passing to one that a waiting line feels. */
const BATCH_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** From a lone window to the largest batch that the engine is given. */
const BATCH_WINDOWS = [1, 4, 16, 64, 128, 256, 512];

const one = (value: number): readonly Sample[] => [[{}, value]];
const by = (label: string, counts: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(counts).map(([key, value]) => [{ [label]: key }, value]);
const metric = (
  name: string,
  help: string,
  labels: readonly string[],
  samples: Pulled['samples'],
): Pulled => ({
  name,
  help,
  labels,
  samples,
});
const perClass = (pick: (status: Status['classes'][number]) => number) => (status: Status) =>
  status.classes.map((one): Sample => [{ class: one.name }, pick(one)]);
const perSink = (pick: (status: Status['sinks'][number]) => number) => (status: Status) =>
  status.sinks.map((one): Sample => [{ sink: one.name }, pick(one)]);

const counters: readonly Pulled[] = [
  metric('forewarn_mqtt_reconnects_total', 'Connections to the broker after the first.', [], ({ mqtt }) =>
    one(mqtt.reconnects),
  ),
  metric('forewarn_messages_total', 'MQTT messages received.', [], ({ ingest }) => one(ingest.messages)),
  metric('forewarn_messages_refused_total', 'Messages that were not used.', ['reason'], ({ ingest }) =>
    by('reason', ingest.refused),
  ),
  metric('forewarn_readings_total', 'Readings handed to the grid.', [], ({ ingest }) => one(ingest.readings)),
  metric(
    'forewarn_readings_refused_total',
    'Single readings that were not used, whatever became of their message.',
    ['reason'],
    ({ ingest }) => by('reason', ingest.refusedParts),
  ),
  metric('forewarn_readings_late_total', 'Readings too late for their row.', [], ({ ingest }) =>
    one(ingest.late),
  ),
  metric(
    'forewarn_readings_repeated_total',
    'Readings of a channel that its row already had.',
    [],
    ({ ingest }) => one(ingest.repeated),
  ),
  metric('forewarn_clock_resets_total', 'Times that the clock of an asset was set back.', [], ({ ingest }) =>
    one(ingest.clockResets),
  ),
  metric('forewarn_rows_total', 'Rows made, gap rows included.', [], ({ ingest }) => one(ingest.rows)),
  metric('forewarn_gap_rows_total', 'Rows of steps in which nothing was read.', [], ({ ingest }) =>
    one(ingest.gapRows),
  ),
  metric('forewarn_windows_total', 'Windows cut.', [], ({ ingest }) => one(ingest.windows)),
  metric('forewarn_windows_scored_total', 'Windows with a score.', [], ({ scoring }) => one(scoring.scored)),
  metric(
    'forewarn_windows_dropped_total',
    'Windows without a score because scoring could not keep up or failed.',
    ['reason'],
    ({ scoring }) => by('reason', { overloaded: scoring.overloaded, engine_failed: scoring.failed }),
  ),
  metric(
    'forewarn_verdicts_total',
    'Windows by what they came to; the reason is that of the unknown.',
    ['kind', 'reason'],
    ({ scoring }) =>
      Object.entries(scoring.verdicts).map(([outcome, value]): Sample => {
        const known = outcome === 'normal' || outcome === 'anomalous';
        return [{ kind: known ? outcome : 'unknown', reason: known ? '' : outcome }, value];
      }),
  ),
  metric(
    'forewarn_windows_tolerated_total',
    'Windows that are normal because their deviation does not matter, whatever the score.',
    ['reason'],
    ({ scoring }) => by('reason', scoring.tolerated),
  ),
  metric(
    'forewarn_alert_verdicts_ignored_total',
    'Verdicts ignored because alerts could not be written.',
    [],
    ({ alerts }) => one(alerts.ignored),
  ),
  metric(
    'forewarn_notifications_delivered_total',
    'Notifications that a receiver took.',
    ['sink'],
    perSink((sink) => sink.delivered),
  ),
  metric(
    'forewarn_notifications_failed_total',
    'Failed attempts to deliver.',
    ['sink'],
    perSink((sink) => sink.failed),
  ),
  metric('forewarn_influx_points_written_total', 'Points that InfluxDB took.', [], ({ influx }) =>
    influx === null ? [] : one(influx.written),
  ),
  metric(
    'forewarn_influx_points_dropped_total',
    'Points for InfluxDB that were lost.',
    ['reason'],
    ({ influx }) => (influx === null ? [] : by('reason', influx.dropped)),
  ),
  metric('forewarn_training_runs_total', 'Trainings by result.', ['class', 'result'], ({ classes }) =>
    classes.flatMap(({ name, trained, failed }): Sample[] => [
      [{ class: name, result: 'trained' }, trained],
      [{ class: name, result: 'failed' }, failed],
    ]),
  ),
];

const gauges: readonly Pulled[] = [
  metric('forewarn_mqtt_connected', 'Whether the broker is connected.', [], ({ mqtt }) =>
    one(mqtt.state === 'connected' ? 1 : 0),
  ),
  metric('forewarn_windows_waiting', 'Windows that wait for a score.', [], ({ scoring }) =>
    one(scoring.waiting),
  ),
  metric('forewarn_assets', 'Assets by state.', ['state'], ({ assets }) => by('state', assets.states)),
  metric(
    'forewarn_class_assets',
    'Assets of a class.',
    ['class'],
    perClass(({ assets }) => assets),
  ),
  metric(
    'forewarn_learning_progress_ratio',
    'How far a class is on the way to its model; 1 when one is in use.',
    ['class'],
    perClass(({ progress }) => progress),
  ),
  metric('forewarn_alerts_firing', 'Alerts that fire.', [], ({ alerts }) => one(alerts.firing)),
  metric(
    'forewarn_alerts_muted',
    'Alerts that fire and are told to nobody, by what mutes them.',
    ['reason'],
    (status) => by('reason', status.alerts.muted),
  ),
  metric('forewarn_alerts_pending', 'Assets that may soon have an alert.', [], ({ alerts }) =>
    one(alerts.pending),
  ),
  metric('forewarn_alerts_uncommitted', 'Changes of alerts that wait to be written.', [], ({ alerts }) =>
    one(alerts.uncommitted),
  ),
  metric('forewarn_journal_healthy', 'Whether alerts can be written.', [], ({ alerts }) =>
    one(alerts.journalError === null ? 1 : 0),
  ),
  metric(
    'forewarn_outbox_queued',
    'Notifications that wait.',
    ['sink'],
    perSink((sink) => sink.queued),
  ),
  metric('forewarn_influx_points_waiting', 'Points that wait for InfluxDB.', [], ({ influx }) =>
    influx === null ? [] : one(influx.waiting),
  ),
  metric('forewarn_influx_spool_bytes', 'What waits for InfluxDB on disk.', [], ({ influx }) =>
    influx === null ? [] : one(influx.spoolBytes),
  ),
  metric(
    'forewarn_outbox_dead',
    'Notifications refused for good and kept.',
    ['sink'],
    perSink((sink) => sink.dead),
  ),
];

/** Forewarn's metrics in a registry of their own, so that several daemons live in one process. */
export function createMetrics(build: { readonly version: string; readonly engine: string }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  let sources: { status(): Status } | null = null;
  let status: Status | null = null;

  new Gauge({
    name: 'forewarn_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'engine'],
    registers,
  }).set({ ...build }, 1);
  const batchSeconds = new Histogram({
    name: 'forewarn_score_batch_duration_seconds',
    help: 'Time to score one batch of windows.',
    buckets: BATCH_SECONDS,
    registers,
  });
  const batchWindows = new Histogram({
    name: 'forewarn_score_batch_windows',
    help: 'Windows in one batch.',
    buckets: BATCH_WINDOWS,
    registers,
  });
  const labelNames = ['class', 'rule'];
  const raised = new Counter({
    name: 'forewarn_alerts_raised_total',
    help: 'Alerts raised.',
    labelNames,
    registers,
  });
  const resolved = new Counter({
    name: 'forewarn_alerts_resolved_total',
    help: 'Alerts resolved.',
    labelNames,
    registers,
  });
  for (const { samples, labels, ...rest } of counters) {
    const collect = function (this: Counter): void {
      this.reset();
      for (const [labelled, value] of status === null ? [] : samples(status)) this.inc(labelled, value);
    };
    new Counter({ ...rest, labelNames: labels, registers, collect });
  }
  for (const { samples, labels, ...rest } of gauges) {
    const collect = function (this: Gauge): void {
      this.reset();
      for (const [labelled, value] of status === null ? [] : samples(status)) this.set(labelled, value);
    };
    new Gauge({ ...rest, labelNames: labels, registers, collect });
  }
  collectDefaultMetrics({ register: registry });

  return {
    contentType: registry.contentType,
    read(from) {
      sources = from;
    },
    observeBatch(windows, ms) {
      batchSeconds.observe(ms / 1000);
      batchWindows.observe(windows);
    },
    observeAlert({ className, rule, state }) {
      (state === 'firing' ? raised : resolved).inc({ class: className, rule: ruleKindOf(rule) });
    },
    async text() {
      // All metrics of one scrape describe one moment; the collectors run before the first of them waits.
      status = sources?.status() ?? null;
      return registry.metrics();
    },
  };
}
