import type { Logger } from '../../log.ts';
import { type BackoffPolicy, backoffMs } from '../backoff.ts';
import type { InfluxClient } from './influx-client.ts';
import type { Batch } from './point-queue.ts';
import { withoutCounts } from './write-result.ts';

const DEFAULT_BACKOFF: BackoffPolicy = { minMs: 1000, maxMs: 60_000 };
const LONGEST_POINT_SHOWN = 200;

export interface PointDeliveryOptions {
  readonly client: Pick<InfluxClient, 'write'>;
  readonly log: Logger;
  /** In [0, 1); for the jitter. */
  readonly random: () => number;
  /** From one second to one minute when left out. */
  readonly backoff?: BackoffPolicy | undefined;
}

/** `done`: nothing of the batch is left to write. Otherwise the same batch may pass after `waitMs`. */
export type Delivered = { readonly done: true } | { readonly done: false; readonly waitMs: number };

interface Tally {
  written: number;
  refused: number;
}

type Failure = { readonly reason: string; readonly retryAfterMs?: number };

/** Writes batches, gives up points that InfluxDB never takes, and says how long to wait when it is away. */
export class PointDelivery {
  readonly #options: PointDeliveryOptions;
  readonly #total: Tally = { written: 0, refused: 0 };
  #attempts = 0;
  #lastError: string | null = null;
  #lastRefusal: string | null = null;

  constructor(options: PointDeliveryOptions) {
    this.#options = options;
  }

  /** Points since the start. */
  get total(): Readonly<Tally> {
    return this.#total;
  }

  /** What the last attempt said; null when it went well. */
  get lastError(): string | null {
    return this.#lastError;
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<Delivered> {
    const { log, random, backoff = DEFAULT_BACKOFF } = this.#options;
    const tally: Tally = { written: 0, refused: 0 };
    const failure = await this.#attempt(batch, tally, signal);
    // A write that was cut short at the end says nothing about InfluxDB.
    if (failure !== null && signal.aborted) return { done: false, waitMs: 0 };
    if (failure !== null) {
      this.#attempts += 1;
      if (failure.reason !== this.#lastError)
        log.warn({ error: failure.reason }, 'InfluxDB takes no points; they are kept and tried again');
      this.#lastError = failure.reason;
      return { done: false, waitMs: backoffMs(this.#attempts, backoff, random(), failure.retryAfterMs) };
    }
    this.#total.written += tally.written;
    this.#total.refused += tally.refused;
    this.#attempts = 0;
    if (this.#lastError !== null) log.info({}, 'InfluxDB takes points again');
    this.#lastError = null;
    return { done: true };
  }

  /** Writes a batch, in halves where InfluxDB refuses the whole for the sake of some; null when it is done with. */
  async #attempt(batch: Batch, tally: Tally, signal: AbortSignal): Promise<Failure | null> {
    const result = await this.#options.client.write(batch.lines, signal);
    switch (result.kind) {
      case 'written':
        tally.written += batch.points;
        return null;
      case 'away':
        return result;
      case 'partial':
        this.#giveUp(batch, Math.min(batch.points, result.refused), result.reason, tally);
        return null;
      case 'refused': {
        if (batch.points <= 1) {
          this.#giveUp(batch, batch.points, result.reason, tally);
          return null;
        }
        const [first, second] = halvesOf(batch);
        return (await this.#attempt(first, tally, signal)) ?? this.#attempt(second, tally, signal);
      }
    }
  }

  #giveUp(batch: Batch, refused: number, reason: string, tally: Tally): void {
    tally.refused += refused;
    tally.written += batch.points - refused;
    const error = withoutCounts(reason);
    if (error === this.#lastRefusal) return;
    this.#lastRefusal = error;
    const point = batch.points === 1 ? { point: shown(batch.lines) } : {};
    this.#options.log.error(
      { error, points: refused, ...point },
      'InfluxDB refused points for good: they are dropped, and so are further ones like them',
    );
  }
}

function halvesOf({ lines, points }: Batch): [Batch, Batch] {
  const half = Math.floor(points / 2);
  let cut = 0;
  for (let i = 0; i < half; i++) cut = lines.indexOf('\n', cut) + 1;
  return [
    { lines: lines.subarray(0, cut), points: half },
    { lines: lines.subarray(cut), points: points - half },
  ];
}

function shown(line: Buffer): string {
  return line.toString('utf8', 0, LONGEST_POINT_SHOWN).trimEnd();
}
