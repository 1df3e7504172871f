import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Alerting, createAlerting } from '../../../src/alerts/alerting.ts';
import { type Journal, openJournal } from '../../../src/alerts/journal.ts';
import { readAlarmKpis } from '../../../src/alerts/kpis/alarm-groups.ts';
import { NoiseControl } from '../../../src/alerts/noise/noise-control.ts';
import { SilenceDesk } from '../../../src/alerts/noise/silence-desk.ts';
import type { PreviewCommands } from '../../../src/api/preview-commands.ts';
import { type Api, createApi } from '../../../src/api/server.ts';
import type { SinkCommands } from '../../../src/api/sink-commands.ts';
import type { ApiSources } from '../../../src/api/sources.ts';
import { createFleet, type Fleet } from '../../../src/fleet.ts';
import { silentLogger } from '../../../src/log.ts';
import type { Alert, Asset, Verdict } from '../../../src/types.ts';
import { whyNotBody } from '../../../src/why-not/findings.ts';
import { policy } from '../../alerts/support/fixtures.ts';
import { type TestModels, testModels } from './models.ts';
import { noon } from './noon.ts';
import { statusOf } from './status.ts';

export { noon };
export const channels = [
  { name: 'speed', unit: 'rpm' },
  { name: 'pressure', unit: 'bar' },
];

export function assetAt(index: number, site = index % 2 === 0 ? 'north' : 'south'): Asset {
  const labels = { site, asset: `pump-${index}` };
  return { index, id: `${site}/pump-${index}`, className: index % 3 === 0 ? 'press' : 'pump', labels };
}

export function rowOf(asset: Asset, at: number, values = [1, 2], measured = [1, 1]) {
  return { asset, at, values: Float32Array.from(values), measured: Uint8Array.from(measured) };
}

export function scored(asset: Asset, at: number, value: number, share = [0.25, 0.75]): Verdict {
  const score = {
    asset,
    at,
    value,
    attribution: Float32Array.from(share),
    expected: Float32Array.from([1.5, 2.5]),
    actual: Float32Array.from([1, Number.NaN]),
    model: 'pump-1-abc',
  };
  return { kind: value >= 1 ? 'anomalous' : 'normal', asset, at, score };
}

export function alertOf(asset: Asset, number: number, resolved = false): Alert {
  return {
    id: `al_${String(number).padStart(6, '0')}`,
    assetId: asset.id,
    className: asset.className,
    labels: asset.labels,
    rule: 'anomaly',
    state: resolved ? 'resolved' : 'firing',
    operatorState: resolved ? 'returned_unacknowledged' : 'unacknowledged',
    handling: {
      told: true,
      acknowledged: false,
      shelvedUntil: null,
      suppressedFor: null,
      outOfService: false,
      assignee: null,
      outcome: null,
      unansweredSince: null,
      escalation: { count: 0, steps: [], sinks: [] },
    },
    priority: 'medium',
    startedAt: noon + number * 1000,
    firedAt: noon + number * 1000 + 500,
    resolvedAt: resolved ? noon + number * 1000 + 900 : null,
    score: 1.5,
    peakScore: 2,
    model: 'pump-1-abc',
    channels: [{ channel: 'pressure', unit: 'bar', share: 1, expected: 2, actual: null }],
    summary: `${asset.id} is not itself`,
    action: null,
  };
}

export interface Plant {
  readonly models: TestModels;
  readonly api: Api;
  readonly fleet: Fleet;
  readonly journal: Journal;
  readonly alerting: Alerting;
  readonly silences: SilenceDesk;
  /** What the sources answer; tests change it. */
  readonly answers: { ready: { ready: boolean; reasons: string[] }; statusFailure: Error | null };
  raise(alert: Alert): void;
  close(): Promise<void>;
}

export const noSinks: SinkCommands = { names: () => [], test: async () => 'no_such_sink' };
export const noPreviews: PreviewCommands = { classes: () => [], preview: async () => ({ kind: 'no_file' }) };

/** An API over a real fleet and a real journal. */
export function createPlant(
  options: { host?: string; port?: number; sinks?: SinkCommands; previews?: PreviewCommands } = {},
): Plant {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-api-'));
  const clock = () => noon;
  const journal = openJournal({ file: join(directory, 'alerts.db'), clock });
  const fleet = createFleet({ history: 5, channelsOf: () => channels, clock, alertOf: () => null });
  const answers: Plant['answers'] = { ready: { ready: true, reasons: [] }, statusFailure: null };
  const noise = new NoiseControl({
    config: { maintenance: [], topology: [], flapping: { everyMs: 0, low: 0.05, high: 0.2 } },
    silences: journal.silences,
    flaps: journal.flaps,
    channels: () => channels,
    firing: () => alerting.firing(),
    clock,
  });
  const alerting = createAlerting({
    journal,
    sinks: ['ops', 'pager'],
    escalation: [{ name: 'on-call', afterMs: 900_000, sinks: ['pager'], match: [], priority: 'low' }],
    policies: () => policy,
    channels: () => channels,
    knows: { asset: (id) => fleet.asset(id) !== null, class: (name) => name === 'pump' },
    mutes: noise,
    clock,
    log: silentLogger,
  });
  const silences = new SilenceDesk(noise.silences, alerting);
  const sources: ApiSources = {
    fleet,
    alerts: journal,
    alertEvents: { ...journal, subscribe: (listener) => alerting.subscribe(listener) },
    kpis: {
      now: clock,
      report: (since, until, label) => readAlarmKpis(journal.alarmLog, since, until, label),
    },
    whyNot: (assetId) =>
      whyNotBody({
        now: noon,
        assetId,
        mqtt: { state: 'connected', since: noon },
        journalError: null,
        asset: fleet.asset(assetId),
        line: null,
        episode: null,
        firing: [...alerting.firing()].filter((alert) => alert.assetId === assetId),
        holds: [],
        mute: null,
      }),
    status() {
      if (answers.statusFailure !== null) throw answers.statusFailure;
      return statusOf(fleet);
    },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'forewarn_up 1\n' },
    readiness: () => answers.ready,
  };
  const { host = '127.0.0.1', port = 0, sinks = noSinks, previews = noPreviews } = options;
  const models = testModels(noon);
  const api = createApi({
    host,
    port,
    sources,
    commands: alerting.desk,
    silences,
    sinks,
    previews,
    models,
    log: silentLogger,
    version: '1.2.3',
  });
  return {
    api,
    models,
    fleet,
    journal,
    alerting,
    silences,
    answers,
    raise(alert) {
      const timed = { startedAt: alert.startedAt, peakScore: 2, lastAt: alert.firedAt, unbroken: true };
      const state = {
        phase: 'firing',
        ...timed,
        firedAt: alert.firedAt,
        clearWindows: 0,
        clearMs: null,
      } as const;
      const { assetId, rule, firedAt: at } = alert;
      journal.record([{ assetId, rule, state, alert, at, reason: 'raised', sinks: [] }]);
    },
    async close() {
      await api.stop();
      alerting.stop();
      journal.close();
      rmSync(directory, { recursive: true });
    },
  };
}
