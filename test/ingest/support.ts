import { createIngest, type IngestLimits } from '../../src/ingest/ingest.ts';
import type { IngestClass } from '../../src/ingest/ingest-class.ts';
import type { Asset } from '../../src/types.ts';

export const live = { retain: false };

export const pump: IngestClass = {
  name: 'pump',
  topic: 'plant/{site}/{asset}/telemetry',
  qos: 1,
  channels: [
    { name: 'speed', path: 'values.speed' },
    { name: 'flow', path: 'values.flow' },
  ],
  timePath: 'ts',
  timeUnit: 'auto',
  sampleEveryMs: 1000,
  aggregate: 'first',
  maxAheadMs: 60_000,
  windowLength: 4,
  stride: 2,
};

export const scalarPump: IngestClass = {
  ...pump,
  topic: 'plant/{site}/{asset}/{channel}',
  channels: [
    { name: 'speed', path: 'speed' },
    { name: 'flow', path: 'flow' },
  ],
  timePath: null,
};

interface KeptRow {
  readonly id: string;
  readonly at: number;
  readonly values: number[];
  readonly measured: number[];
}

interface KeptWindow extends KeptRow {
  readonly coverage: number;
}

/** An ingest whose sinks copy all they get, with a clock that the test sets. */
export function harness(classes: readonly IngestClass[], limits: Partial<IngestLimits> = {}) {
  const rows: KeptRow[] = [];
  const windows: KeptWindow[] = [];
  const announced: Asset[] = [];
  const time = { now: 1_700_000_000_000 };
  const ingest = createIngest({
    classes,
    limits,
    clock: () => time.now,
    sinks: {
      onRow: ({ asset, at, values, measured }) => {
        rows.push({ id: asset.id, at, values: [...values], measured: [...measured] });
      },
      onWindow: ({ asset, at, values, measured, coverage }) => {
        windows.push({ id: asset.id, at, values: [...values], measured: [...measured], coverage });
      },
      onAsset: (asset) => {
        announced.push(asset);
      },
    },
  });
  const send = (topic: string, payload: unknown, flags = live) => {
    const raw = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload));
    ingest.accept(topic, raw, flags);
  };
  const lastReason = () => ingest.refusals()[0]?.reason ?? null;
  return { ingest, send, rows, windows, announced, time, lastReason };
}

/** Waits until the condition holds; fails with what was waited for when it does not in time. */
export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
