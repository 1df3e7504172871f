import { ForewarnError } from '../errors.ts';
import type { TimeUnit } from './reading.ts';

/** What ingest must know of an asset class; the configuration has more and fits this shape. */
export interface IngestClass {
  readonly name: string;
  /** Such as `plant/{site}/{asset}/telemetry`; with `{channel}` in it every topic carries one scalar. */
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /**
   * `path` leads to the reading in the JSON payload, keys joined by dots; for scalar topics it is what
   * `{channel}` must be.
   */
  readonly channels: readonly { readonly name: string; readonly path: string }[];
  /** Path of the time stamp in the payload; null takes the time of arrival. */
  readonly timePath: string | null;
  /** `auto`: a number from 1e11 on is milliseconds and below it seconds, a text ISO 8601 or such a number. */
  readonly timeUnit: TimeUnit;
  /** Width of a slot of the grid in whole milliseconds. */
  readonly sampleEveryMs: number;
  /**
   * `first`: a row is the first reading of each channel in its slot, and ready as soon as it has all of them.
   * `mean`: a row is the mean of each channel's readings, and ready when the next slot begins.
   */
  readonly aggregate: 'first' | 'mean';
  /** How far ahead of arrival a stamp may be. */
  readonly maxAheadMs: number;
  /** Rows in a window. */
  readonly windowLength: number;
  /** Rows from one window to the next. */
  readonly stride: number;
}

/** Throws {@link ForewarnError} `INGEST_CLASS_INVALID` where exact slots or windows would be impossible. */
export function assertIngestClass(spec: IngestClass): void {
  const wholes = { sampleEveryMs: spec.sampleEveryMs, windowLength: spec.windowLength, stride: spec.stride };
  for (const [field, value] of Object.entries(wholes)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new ForewarnError('INGEST_CLASS_INVALID', `Class ${spec.name}: ${field} is ${value}`, {
      hint: `${field} must be a whole number from 1 on.`,
    });
  }
  if (spec.channels.length > 0) return;
  throw new ForewarnError('INGEST_CLASS_INVALID', `Class ${spec.name} has no channels`, {
    hint: 'Name at least one channel.',
  });
}
