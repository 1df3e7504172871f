import type { Logger } from '../log.ts';
import type { Clock, Row } from '../types.ts';
import type { AssetRows } from './asset-rows.ts';
import { createChunkWriter } from './chunk-writer.ts';
import { createSegmentFolder } from './segment-folder.ts';
import { createSegmentReader, type HistoryQuery, mostValues } from './segment-reader.ts';

export interface HistoryOptions {
  /** A folder of its own, for one process at a time. */
  readonly directory: string;
  /** Names of a class's channels, in the order of its rows' values. */
  channelsOf(className: string): readonly string[];
  /** Segments go when they are older than `ageMs`, and the oldest first while all on disk is larger than `bytes`. */
  readonly retention: { readonly ageMs: number; readonly bytes: number };
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HistoryStats {
  /** On disk, tails and damaged segments included. */
  readonly bytes: number;
  /** Rows that can be read. */
  readonly rows: number;
  readonly segments: number;
  /** Segments that were set aside. */
  readonly damaged: number;
  /** Rows not kept since the start: the disk could not take them, or their time was no whole millisecond. */
  readonly dropped: number;
  /** Why rows cannot be written now; null while they can. */
  readonly lastError: string | null;
  readonly classes: readonly {
    readonly name: string;
    readonly rows: number;
    readonly segments: number;
    readonly fromAt: number;
    readonly toAt: number;
  }[];
}

/**
 * Keeps the rows of every asset: in memory and in a write-ahead tail at first, then in compressed segments, one a
 * class and hour, or sooner when many rows come. A process that is killed loses at most about a second of rows.
 */
export interface History {
  /** Takes over what a killed run left; nothing may be appended or read before it resolves. */
  start(): Promise<void>;
  /**
   * Copies the row and never waits. Rows may come in any order of time; of equal times of an asset the last that came
   * counts. While the disk takes nothing rows wait in memory, up to a bound; from then on new ones are dropped.
   */
  append(row: Row): void;
  /**
   * Rows by asset id and time, up to the last appended. Channels are those that `channelsOf` names now; where older
   * rows lack one it is NaN and not measured. Rejects with HISTORY_TOO_LARGE or HISTORY_UNREADABLE.
   */
  read(className: string, query?: HistoryQuery): Promise<AssetRows[]>;
  /** Ids of all assets of which there are rows, in order. */
  assets(className: string): Promise<string[]>;
  stats(): HistoryStats;
  /** Seals all rows so far into segments. Rejects with HISTORY_UNWRITABLE. */
  flush(): Promise<void>;
  /** Deletes what retention no longer keeps; it happens by itself every second for the size, every minute for the age. */
  prune(): Promise<void>;
  /** Seals and ends; idempotent. Rejects with HISTORY_UNWRITABLE. */
  stop(): Promise<void>;
}

/** How often the tails are written and synced: what a kill can cost. */
const keepEveryMs = 1000;
const pruneEveryMs = 60_000;
/** Share of the bytes on disk that the rows of one class may take before they are compressed. */
const tailShare = 1 / 8;

export function createHistory(options: HistoryOptions): History {
  const { clock, log, channelsOf } = options;
  const folder = createSegmentFolder(options.directory);
  const writer = createChunkWriter({
    ...{ folder, channelsOf, clock, log },
    mostTailBytes: options.retention.bytes * tailShare,
  });
  const reader = createSegmentReader({ folder, log, mostValues, unsealed: writer.unsealed });
  let timers: NodeJS.Timeout[] = [];
  let stopping: Promise<void> | null = null;

  const bytesOnDisk = (): number =>
    folder.list().reduce((sum, { bytes }) => sum + bytes, writer.stats().tailBytes);

  const prune = async (): Promise<void> => {
    const { ageMs, bytes: most } = options.retention;
    let bytes = bytesOnDisk();
    for (const entry of folder.list()) {
      if (clock() - entry.sealedAt <= ageMs && bytes <= most) continue;
      await folder.remove(entry);
      bytes -= entry.bytes;
    }
  };

  const pruneByItself = (): Promise<void> =>
    writer.inTurn(prune).catch((error: unknown) => log.warn({ error }, 'the history could not be pruned'));

  const keep = async (): Promise<void> => {
    await writer.keep();
    if (folder.list().length > 0 && bytesOnDisk() > options.retention.bytes) await pruneByItself();
  };

  const every = (ms: number, run: () => Promise<void>): void => {
    const timer = setInterval(() => void run(), ms);
    timer.unref();
    timers.push(timer);
  };

  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    timers = [];
    try {
      await writer.sealAll();
    } finally {
      await writer.close();
    }
  };

  return {
    async start() {
      for (const tail of await folder.load()) await writer.recover(tail);
      every(keepEveryMs, keep);
      every(pruneEveryMs, pruneByItself);
    },
    append: writer.append,
    read: (className, query = {}) => reader.rows(className, query, channelsOf(className)),
    assets: reader.assets,
    stats() {
      const entries = folder.list();
      const sound = entries.filter(({ damaged }) => !damaged);
      const names = [...new Set([...sound.map(({ className }) => className), ...writer.classes()])].sort();
      const classes = names.map((name) => {
        const segments = sound.filter(({ className }) => className === name);
        const chunks = writer.unsealed(name).flatMap((chunk) => {
          const span = chunk.span();
          return span === null ? [] : [{ rows: chunk.count(), from: span[0], to: span[1] }];
        });
        const parts = [...segments, ...chunks];
        return {
          name,
          rows: parts.reduce((sum, { rows }) => sum + rows, 0),
          segments: segments.length,
          fromAt: parts.reduce((first, { from }) => Math.min(first, from), Number.POSITIVE_INFINITY),
          toAt: parts.reduce((last, { to }) => Math.max(last, to), Number.NEGATIVE_INFINITY),
        };
      });
      const { dropped, lastError } = writer.stats();
      return {
        bytes: bytesOnDisk(),
        rows: classes.reduce((sum, { rows }) => sum + rows, 0),
        segments: sound.length,
        damaged: entries.length - sound.length,
        dropped,
        lastError,
        classes,
      };
    },
    flush: writer.sealAll,
    prune: () => writer.inTurn(prune),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
