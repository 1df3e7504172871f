import { readAlarmKpis } from './alerts/kpis/alarm-groups.ts';
import { muteReasonOf, muteReasons } from './alerts/noise/mute.ts';
import type { ApiSources } from './api/sources.ts';
import { shownUrl } from './connections.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { ForewarnError } from './errors.ts';
import { retrainingStatus } from './model-cares.ts';
import { budgetShortfall } from './models/decision/budget-level.ts';
import type { ToleratedReason } from './types.ts';
import { version } from './version.ts';
import { whyNotBody } from './why-not/findings.ts';
import { takeSnapshot } from './why-not/snapshot.ts';

type Status = ReturnType<ApiSources['status']>;

/** What the API and the metrics read, taken from the running parts at each request. */
export function apiSources(parts: () => DaemonParts): ApiSources {
  return {
    status: () => statusOf(parts()),
    fleet: {
      assets: (query) => parts().fleet.assets(query),
      asset: (id) => parts().fleet.asset(id),
    },
    whyNot: (assetId) => whyNotBody(takeSnapshot(parts(), assetId)),
    alerts: {
      list: (query) => parts().journal.list(query),
      get: (id) => parts().journal.get(id),
      transitions: (id) => parts().journal.transitions(id),
    },
    alertEvents: {
      events: (after, limit) => parts().journal.events(after, limit),
      lastEvent: () => parts().journal.lastEvent(),
      subscribe: (listener) => parts().pipeline.alerting.subscribe(listener),
    },
    kpis: {
      now: () => parts().clock(),
      report: (since, until, siteLabel) => readAlarmKpis(parts().journal.alarmLog, since, until, siteLabel),
    },
    metrics: {
      get contentType() {
        return parts().metrics.contentType;
      },
      text: () => parts().metrics.text(),
    },
    readiness() {
      const { subscriber, pipeline } = parts();
      const reasons: string[] = [];
      const mqtt = subscriber.status();
      if (mqtt.state !== 'connected')
        reasons.push(`mqtt is ${mqtt.state}${mqtt.lastError === null ? '' : `: ${mqtt.lastError}`}`);
      const { journalError } = pipeline.alerting.status();
      if (journalError !== null) reasons.push(`alerts cannot be written: ${journalError}`);
      return { ready: reasons.length === 0, reasons };
    },
  };
}

function statusOf({
  config,
  clock,
  startedAt,
  fleet,
  engine,
  pipeline,
  cares,
  delivery,
  influx,
  history,
  subscriber,
  brokerUrl,
}: DaemonParts): Status {
  const summary = fleet.summary();
  const mqtt = subscriber.status();
  return {
    version,
    startedAt,
    uptimeMs: Math.max(0, clock() - startedAt),
    mqtt: {
      url: shownUrl(brokerUrl),
      embedded: config.mqtt.url === null,
      state: mqtt.state,
      sinceAt: mqtt.since,
      reconnects: mqtt.reconnects,
      // A broker that refuses a subscription is as bad as one that is away.
      lastError: mqtt.lastError ?? mqtt.subscriptions.find(({ error }) => error !== null)?.error ?? null,
      subscriptions: mqtt.subscriptions.map((subscription) => ({ ...subscription })),
    },
    ingest: { ...pipeline.ingest.stats(), lastRefusals: [...pipeline.ingest.refusals()] },
    scoring: {
      engine: engine.status(),
      ...sumScoring(pipeline),
      tolerated: toleratedBy(pipeline),
      verdicts: { ...summary.verdicts },
    },
    classes: [...pipeline.lines].map(([name, { learner, online }]) => {
      const { phase, ...learning } = learner.status();
      const states = summary.classes.find((one) => one.name === name)?.states;
      const assets = Object.values(states ?? {}).reduce<number>((sum, count) => sum + count, 0);
      return {
        name,
        state: phase,
        ...learning,
        assets,
        online: phase === 'ready' ? null : (online?.status() ?? null),
        budgetShortfall: budgetShortfall(learner.champion()?.card.threshold.budget),
        retraining: retrainingStatus(cares.of(name)),
      };
    }),
    assets: { total: summary.assets, states: { ...summary.states } },
    alerts: alertsOf(pipeline),
    sinks: sinksOf(delivery),
    influx: influxOf(config, influx),
    history: history.stats(),
  };
}

function sumScoring({ lines }: DaemonParts['pipeline']) {
  const total = { waiting: 0, scored: 0, overloaded: 0, failed: 0 };
  for (const { scorer } of lines.values()) {
    const { waiting, scored, overloaded, failed } = scorer.stats();
    total.waiting += waiting;
    total.scored += scored;
    total.overloaded += overloaded;
    total.failed += failed;
  }
  return total;
}

function toleratedBy({ lines }: DaemonParts['pipeline']): Status['scoring']['tolerated'] {
  const total: Record<ToleratedReason, number> = { other_direction: 0, below_minimum: 0 };
  for (const { gate } of lines.values()) {
    total.other_direction += gate?.counts.other_direction ?? 0;
    total.below_minimum += gate?.counts.below_minimum ?? 0;
  }
  return total;
}

function alertsOf({ alerting }: DaemonParts['pipeline']): Status['alerts'] {
  const { pending, firing, transitions, uncommitted, ignored, journalError } = alerting.status();
  return {
    pending,
    firing,
    raised: transitions.raised,
    resolved: transitions.resolved,
    muted: mutedOf(alerting),
    uncommitted,
    ignored: Object.values(ignored).reduce((sum, count) => sum + count, 0),
    journalError,
  };
}

function mutedOf(alerting: DaemonParts['pipeline']['alerting']): Status['alerts']['muted'] {
  const muted = Object.fromEntries(muteReasons.map((reason) => [reason, 0]));
  for (const { handling } of alerting.firing()) {
    const reason = muteReasonOf(handling.suppressedFor);
    if (reason !== null) muted[reason]! += 1;
  }
  return muted;
}

/** While the journal cannot be read the status must still answer; `alerts.journalError` says what is wrong. */
function sinksOf(delivery: DaemonParts['delivery']): Status['sinks'] {
  try {
    return delivery.status().map(({ sink, ...status }) => ({ name: sink, ...status }));
  } catch (error) {
    if (error instanceof ForewarnError && error.code === 'JOURNAL_FAILED') return [];
    throw error;
  }
}

function influxOf(
  { influx: options }: DaemonParts['config'],
  influx: DaemonParts['influx'],
): Status['influx'] {
  if (options === null || influx === null) return null;
  const { dropped, ...status } = influx.status();
  return { url: shownUrl(options.url), database: options.database, ...status, dropped: { ...dropped } };
}
