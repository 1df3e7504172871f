/** Points in their order, a line each with its line end. */
export interface Batch {
  readonly lines: Buffer;
  readonly points: number;
}

/** InfluxDB's guides advise 5000 in one request; fewer are as quick for it and keep our event loop less busy at once. */
const BATCH_POINTS = 2000;
/** Room for that many scores of assets with long names. */
const BATCH_BYTES = 384 * 1024;
/** When the disk does not take what waits: 160,000 points. */
const MOST_BATCHES = 80;
/** Most bytes of UTF-8 for one unit of a JavaScript string. */
const BYTES_PER_UNIT = 3;
const LINE_END = 10;

/**
 * Points in memory, in batches; the oldest batch is given up when there are too many. Lines are copied into the
 * batch's memory at once, because strings that stay for a second are what a garbage collector is slow with.
 */
export class PointQueue {
  readonly #batches: Batch[] = [];
  #open: Buffer | null = null;
  #openBytes = 0;
  #openPoints = 0;
  #overflowed = 0;

  /** Complete batches. */
  get batches(): number {
    return this.#batches.length;
  }

  get points(): number {
    return this.#batches.reduce((sum, { points }) => sum + points, this.#openPoints);
  }

  /** Points given up so far. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** Adds a line without its end; true when that made a batch complete. */
  add(line: string): boolean {
    const most = line.length * BYTES_PER_UNIT + 1;
    const room = this.#open === null ? 0 : this.#open.length - this.#openBytes;
    const completed = this.#openPoints > 0 && room < most;
    if (completed) this.complete();
    this.#open ??= Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, most));
    this.#openBytes += this.#open.write(line, this.#openBytes);
    this.#open[this.#openBytes++] = LINE_END;
    this.#openPoints += 1;
    if (this.#openPoints < BATCH_POINTS) return completed;
    this.complete();
    return true;
  }

  /** Makes a batch of what there is. */
  complete(): void {
    if (this.#open === null || this.#openPoints === 0) return;
    this.#batches.push({ lines: this.#open.subarray(0, this.#openBytes), points: this.#openPoints });
    this.#open = null;
    this.#openBytes = 0;
    this.#openPoints = 0;
    while (this.#batches.length > MOST_BATCHES) this.#overflowed += this.#batches.shift()!.points;
  }

  /** Takes the oldest complete batch. */
  take(): Batch | undefined {
    return this.#batches.shift();
  }

  /** Puts back what was taken last. */
  putBack(batch: Batch): void {
    this.#batches.unshift(batch);
  }
}
