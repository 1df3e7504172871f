import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Clock } from '../../types.ts';
import { PointDelivery, type PointDeliveryOptions } from './point-delivery.ts';
import { type Batch, PointQueue } from './point-queue.ts';
import type { PointSpool, SpoolMark } from './point-spool.ts';

export interface PointWriterOptions extends PointDeliveryOptions {
  readonly spool: PointSpool;
  /** Wall time, for the status. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest time that a point waits for company, and that a write may take before what it holds goes to disk. */
  readonly flushMs?: number | undefined;
}

export interface PointWriterStatus {
  /** Points that InfluxDB took since the start. */
  readonly written: number;
  /** Points that wait, in memory and on disk. */
  readonly waiting: number;
  readonly spoolBytes: number;
  /** Points lost since the start: there was no room, the disk did not give them back, InfluxDB refused them. */
  readonly dropped: { readonly overflow: number; readonly unreadable: number; readonly refused: number };
  /** What the last attempt said; null when it went well. */
  readonly lastError: string | null;
  /** Wall time of the next attempt while InfluxDB is away. */
  readonly nextAttemptAt: number | null;
}

/** One request of what waited on disk: some 4000 scores. */
const BACKLOG_BYTES = 512 * 1024;
/** Batches in memory that go to disk without waiting for the clock. */
const SPILL_AT = 20;
const DEFAULT_FLUSH_MS = 1000;
/** Longest rest between two requests of what waited on disk. */
const MOST_REST_MS = 250;

/** A batch on its way from memory to InfluxDB. */
interface Direct extends Batch {
  readonly startedAt: number;
  /** Where it stands on disk, once it was put there as well. */
  mark: SpoolMark | null;
}

/**
 * Brings points to InfluxDB in their order, at least once each. They wait in memory, at most about `flushMs`; when
 * InfluxDB is away, or takes longer than that over a write, they wait on disk, the write in hand included, and all
 * new ones behind them until the disk is empty. So a killed process loses the points of the last two flushes at
 * most. `add` only notes the line; what finds no room is given up, oldest first, and counted.
 */
export class PointWriter {
  readonly #options: PointWriterOptions;
  readonly #flushMs: number;
  readonly #delivery: PointDelivery;
  readonly #queue = new PointQueue();
  readonly #abort = new AbortController();
  #direct: Direct | null = null;
  /** The last use of the spool: there is one at a time. */
  #disk: Promise<unknown> = Promise.resolve();
  #diskError: string | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #wake: (() => void) | null = null;
  #draining = false;
  #nextAttemptAt: number | null = null;
  /** Points that had been given up for want of room when the disk was last empty. */
  #overflowBefore = 0;
  #overflowTold = false;
  /** Points between memory and disk. */
  #underWay = 0;

  constructor(options: PointWriterOptions) {
    this.#options = options;
    this.#flushMs = options.flushMs ?? DEFAULT_FLUSH_MS;
    this.#delivery = new PointDelivery(options);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#flushMs);
    this.#running ??= this.#run();
  }

  /** One point, without a line end. */
  add(line: string): void {
    if (this.#queue.add(line)) this.#onBatch();
  }

  /** Writes what waits in memory, for at most `drainMs`; then the rest goes to disk. Safe to call twice. */
  async stop(drainMs: number): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#draining = true;
    this.#queue.complete();
    this.#wake?.();
    const deadline = setTimeout(() => this.#abort.abort(), drainMs);
    await this.#running;
    clearTimeout(deadline);
  }

  status(): PointWriterStatus {
    const { spool } = this.#options;
    const inHand = this.#direct !== null && this.#direct.mark === null ? this.#direct.points : 0;
    const { written, refused } = this.#delivery.total;
    return {
      written,
      waiting: this.#queue.points + inHand + this.#underWay + spool.points,
      spoolBytes: spool.bytes,
      dropped: { overflow: this.#overflowed(), unreadable: spool.unreadable, refused },
      lastError: this.#delivery.lastError,
      nextAttemptAt: this.#nextAttemptAt,
    };
  }

  async #run(): Promise<void> {
    const { spool } = this.#options;
    await this.#use(() => spool.open());
    while (true) {
      await this.#diskSettled();
      // At the end there is time for what memory holds, not for all that waited on disk.
      const away = this.#abort.signal.aborted || this.#nextAttemptAt !== null;
      if (this.#draining && (away || spool.points > 0)) break;
      if (spool.points > 0) {
        await this.#writeBacklog();
        continue;
      }
      this.#overflowTold = false;
      this.#overflowBefore = this.#overflowed();
      const batch = this.#queue.take();
      if (batch !== undefined) await this.#writeDirect(batch);
      else if (this.#draining) break;
      else await this.#sleep(Number.POSITIVE_INFINITY);
    }
    await this.#spill();
    const lost = this.#queue.points;
    if (lost > 0) this.#options.log.error({ points: lost }, 'stopped while the disk fails: points are lost');
  }

  async #writeDirect(batch: Batch): Promise<void> {
    const direct: Direct = { ...batch, startedAt: performance.now(), mark: null };
    this.#direct = direct;
    const delivered = await this.#delivery.deliver(direct, this.#abort.signal);
    await this.#diskSettled();
    this.#direct = null;
    const { mark } = direct;
    if (delivered.done) {
      this.#nextAttemptAt = null;
      if (mark !== null) await this.#use(() => this.#options.spool.advance(mark));
      return;
    }
    if (mark === null) this.#queue.putBack(batch);
    await this.#waitForNextAttempt(delivered.waitMs);
  }

  async #writeBacklog(): Promise<void> {
    const { spool } = this.#options;
    const batch = await this.#use(() => spool.head(BACKLOG_BYTES));
    if (batch === undefined || batch === null) return;
    const startedAt = performance.now();
    const delivered = await this.#delivery.deliver(batch, this.#abort.signal);
    if (!delivered.done) return this.#waitForNextAttempt(delivered.waitMs);
    this.#nextAttemptAt = null;
    await this.#use(() => spool.advance(batch));
    // What is late need not hurry: an InfluxDB on the same machine would take the time from scoring.
    const restMs = Math.min(performance.now() - startedAt, MOST_REST_MS);
    if (!this.#draining && spool.points > 0) await this.#sleep(restMs);
  }

  async #waitForNextAttempt(waitMs: number): Promise<void> {
    this.#nextAttemptAt = this.#options.clock() + waitMs;
    await this.#spill();
    if (!this.#draining) await this.#sleep(waitMs);
  }

  #tick(): void {
    this.#queue.complete();
    this.#onBatch();
    const slow = this.#direct !== null && performance.now() - this.#direct.startedAt >= this.#flushMs;
    if (slow || this.#nextAttemptAt !== null || this.#options.spool.points > 0) void this.#spill();
  }

  #onBatch(): void {
    this.#tellOverflow();
    if (this.#queue.batches >= SPILL_AT) void this.#spill();
    if (this.#nextAttemptAt === null) this.#wake?.();
  }

  /** Puts all complete batches on disk, in their order; those that the disk does not take stay where they are. */
  async #spill(): Promise<void> {
    const { spool } = this.#options;
    await this.#use(async () => {
      const direct = this.#direct;
      if (direct !== null) direct.mark ??= await spool.append(direct.lines, direct.points);
      for (let batch = this.#queue.take(); batch !== undefined; batch = this.#queue.take()) {
        this.#underWay = batch.points;
        try {
          await spool.append(batch.lines, batch.points);
        } catch (error) {
          this.#queue.putBack(batch);
          throw error;
        } finally {
          this.#underWay = 0;
        }
      }
    });
    this.#tellOverflow();
  }

  #overflowed(): number {
    return this.#queue.overflowed + this.#options.spool.overflowed;
  }

  /** Once until the disk is empty again; how many it comes to is for the counter. */
  #tellOverflow(): void {
    if (this.#overflowTold || this.#overflowed() === this.#overflowBefore) return;
    this.#overflowTold = true;
    this.#options.log.error(
      { spoolBytes: this.#options.spool.bytes },
      'no room for more points that wait for InfluxDB: the oldest are dropped until it takes points again',
    );
  }

  /** Runs one use of the spool after all earlier ones; undefined when the disk fails. */
  #use<T>(act: () => Promise<T>): Promise<T | undefined> {
    const result = this.#disk.then(act).then(
      (value) => {
        this.#diskError = null;
        return value;
      },
      (error: unknown) => {
        const message = messageOf(error);
        if (message !== this.#diskError)
          this.#options.log.error({ error: message }, 'points for InfluxDB cannot be kept on disk');
        this.#diskError = message;
        return undefined;
      },
    );
    this.#disk = result;
    return result;
  }

  async #diskSettled(): Promise<void> {
    let last: Promise<unknown> | null = null;
    while (last !== this.#disk) {
      last = this.#disk;
      await last;
    }
  }

  /** Ends after `ms`, when a batch is complete and InfluxDB is not away, or at the stop. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#wake?.(), ms) : null;
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}
