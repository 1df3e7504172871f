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

export const channels = [
  { name: 'speed', unit: 'rpm' },
  { name: 'pressure', unit: 'bar' },
];
export const noon = Date.UTC(2026, 0, 31, 12);

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

/** A status with something in every part. */
export function statusOf(fleet: Fleet): ReturnType<ApiSources['status']> {
  const { assets, states, verdicts } = fleet.summary();
  return {
    version: '1.2.3',
    startedAt: noon - 60_000,
    uptimeMs: 60_000,
    mqtt: {
      url: 'mqtt://broker:1883',
      embedded: false,
      state: 'reconnecting',
      sinceAt: noon - 5000,
      reconnects: 2,
      lastError: 'connection refused',
    },
    ingest: {
      messages: 12,
      accepted: 10,
      readings: 20,
      refused: { not_json: 2 },
      refusedParts: { not_a_number: 1 },
      rows: 9,
      gapRows: 1,
      windows: 4,
      late: 3,
      repeated: 2,
      clockResets: 1,
      lastRefusals: [
        { at: noon, topic: 'plant/x', reason: 'not_json', detail: 'not valid JSON', payload: '{' },
      ],
    },
    scoring: {
      engine: { wanted: 'auto', kind: 'onnx', device: null, fallback: null },
      waiting: 1,
      scored: 3,
      overloaded: 1,
      failed: 0,
      tolerated: { other_direction: 2, below_minimum: 0 },
      verdicts,
    },
    classes: [
      {
        name: 'pump',
        state: 'training',
        progress: 0.8,
        rows: 4000,
        rowsNeeded: 4000,
        etaMs: 20_000,
        training: { step: 100, steps: 800, fitLoss: 0.5, heldOutLoss: Number.NaN },
        model: null,
        online: { scoring: 1, warmingUp: 1, rowsNeeded: 180 },
        lastFailure: 'out of memory',
        budgetShortfall: null,
        trained: 0,
        failed: 1,
        assets: 2,
        retraining: {
          state: 'shadowing',
          challenger: 'pump-2-def',
          shadow: { windows: 300, alerts: 0, championAlerts: 1 },
          nextRunAt: noon + 3_600_000,
          lastRunAt: noon,
          lastResult: 'shadowing',
          lastReason: 'On 400 windows new to both: error 0.5 instead of 0.6.',
          drift: { moved: ['flow'], sinceAt: noon },
        },
      },
    ],
    assets: { total: assets, states },
    alerts: {
      pending: 1,
      firing: 2,
      raised: 3,
      resolved: 1,
      muted: { silence: 1, flapping: 0 },
      uncommitted: 0,
      ignored: 0,
      journalError: null,
    },
    sinks: [
      {
        name: 'ops',
        queued: 1,
        delivered: 2,
        failed: 3,
        dead: 0,
        lastError: '500',
        nextAttemptAt: noon + 1000,
      },
    ],
    history: {
      bytes: 900,
      rows: 100,
      segments: 1,
      damaged: 0,
      dropped: 2,
      lastError: 'ENOSPC',
      classes: [{ name: 'pump', rows: 100, segments: 1, fromAt: noon, toAt: noon + 99_000 }],
    },
    influx: {
      url: 'http://influx:8086',
      database: 'forewarn',
      written: 5,
      waiting: 4,
      spoolBytes: 3,
      dropped: { overflow: 2, unreadable: 0, refused: 1 },
      lastError: 'ECONNREFUSED',
      nextAttemptAt: noon + 1000,
    },
  };
}
