import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Clock, Row } from '../types.ts';
import { createOpenChunk, type OpenChunk } from './open-chunk.ts';
import { writeSegment } from './segment.ts';
import type { LeftTail, SegmentFolder } from './segment-folder.ts';
import { createTail, readTail, setTailAside, type Tail } from './tail.ts';

export interface ChunkWriterOptions {
  readonly folder: SegmentFolder;
  channelsOf(className: string): readonly string[];
  /** Bytes of a class's tail from which its chunk is sealed, which takes a fraction of them. */
  readonly mostTailBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Brings rows to disk: an open chunk a class with its tail, then a segment. What touches the disk runs in turn. */
export interface ChunkWriter {
  append(row: Row): void;
  /** Chunks of the class that are in no segment yet, in order of arrival. */
  unsealed(className: string): readonly OpenChunk[];
  /** Classes that have any. */
  classes(): readonly string[];
  /** Puts the rows of a killed run into a segment; when the disk takes none, in its time. */
  recover(tail: LeftTail): Promise<void>;
  /** Writes the tails, seals what has been open long or is large, and tries again what failed; to be called every second. */
  keep(): Promise<void>;
  /** Seals all rows so far. Rejects with HISTORY_UNWRITABLE; the rows stay, in memory and in their tails. */
  sealAll(): Promise<void>;
  /** Closes the tails; nothing is taken any more. */
  close(): Promise<void>;
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  stats(): { readonly tailBytes: number; readonly dropped: number; readonly lastError: string | null };
}

/** A chunk is sealed after this long; longer ones save little more. */
const sealAfterMs = 3_600_000;
/** Values in memory, over all classes, from which the largest chunk is sealed (about 25 MB); at twice as many rows are dropped. */
const sealValues = 4_000_000;

interface Line {
  readonly className: string;
  readonly chunk: OpenChunk;
  /** 0 until the disk gave one. */
  number: number;
  tail: Tail | null;
}

const sizeOf = ({ chunk }: Line) => chunk.count() * chunk.channels.length;

export function createChunkWriter(options: ChunkWriterOptions): ChunkWriter {
  const { folder, clock, log } = options;
  const open = new Map<string, Line>();
  /** On their way into a segment; reads still see them. */
  const sealing = new Set<Line>();
  const lines = () => [...sealing, ...open.values()];
  /** Tails of a killed run that the disk did not take yet. Their files stay, so nothing is held in memory. */
  const left: LeftTail[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  let values = 0;
  let dropped = 0;
  let lastError: string | null = null;
  let keeping = false;
  let closed = false;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  const settle = (error: unknown): void => {
    const message = error === null ? null : messageOf(error);
    if (message !== null && lastError === null)
      log.error({ error: message }, 'rows cannot be written to the history; it is tried again');
    if (message === null && lastError !== null)
      log.info({ dropped }, 'rows are written to the history again');
    lastError = message;
  };

  const writeTail = async (line: Line): Promise<void> => {
    if (line.number === 0) line.number = await folder.nextNumber(line.className);
    line.tail ??= createTail(folder.tailFile(line.className, line.number), line.chunk);
    await line.tail.write();
  };

  const writeChunk = async (className: string, number: number, chunk: OpenChunk): Promise<void> => {
    const span = chunk.span();
    if (span === null) return;
    const [from, to] = span;
    const entry = {
      ...{ className, number, from, to, rows: chunk.count() },
      ...{ sealedAt: clock(), bytes: 0, damaged: false },
    };
    const rows = chunk.rowsOf(() => true);
    folder.add({ ...entry, bytes: await writeSegment(folder.fileOf(entry), chunk.channels, rows) });
  };

  const sealNow = async (line: Line): Promise<void> => {
    // Done by an earlier turn.
    if (!sealing.has(line)) return;
    if (line.number === 0) line.number = await folder.nextNumber(line.className);
    await writeChunk(line.className, line.number, line.chunk);
    sealing.delete(line);
    values -= sizeOf(line);
    await line.tail?.remove();
  };

  /** New rows of the class go to a new chunk from here on. */
  const seal = (line: Line): Promise<void> => {
    open.delete(line.className);
    sealing.add(line);
    return inTurn(() => sealNow(line));
  };

  const makeRoom = (): void => {
    if (sealing.size > 0) return;
    const largest = [...open.values()].reduce((best, line) => (sizeOf(line) > sizeOf(best) ? line : best));
    seal(largest).catch(settle);
  };

  const recoverNow = async ({ className, number, file }: LeftTail): Promise<void> => {
    try {
      const chunk = await readTail(file);
      await writeChunk(className, number, chunk);
      await createTail(file, chunk).remove();
      log.info({ class: className, rows: chunk.count() }, 'rows of a run that was killed are in the history');
    } catch (error) {
      if (!(error instanceof ForewarnError)) throw error;
      await setTailAside(file);
      log.error({ class: className, error: error.message }, 'rows of a run that was killed are lost');
    }
  };

  const sealAll = async (): Promise<void> => {
    for (const line of [...open.values()]) {
      open.delete(line.className);
      sealing.add(line);
    }
    for (const line of [...sealing]) await inTurn(() => sealNow(line));
  };

  return {
    append(row) {
      const { className } = row.asset;
      const width = row.values.length;
      if (closed || !Number.isSafeInteger(row.at) || values + width > 2 * sealValues) {
        dropped++;
        return;
      }
      let line = open.get(className);
      if (line !== undefined && line.chunk.channels.length !== width) {
        // The class has other channels from this row on.
        seal(line).catch(settle);
        line = undefined;
      }
      if (line === undefined) {
        const chunk = createOpenChunk(options.channelsOf(className), clock());
        line = { className, chunk, number: 0, tail: null };
        open.set(className, line);
      }
      line.chunk.append(row);
      values += width;
      if (values >= sealValues) makeRoom();
    },
    unsealed: (className) =>
      lines()
        .filter((line) => line.className === className)
        .map(({ chunk }) => chunk),
    classes: () => [...new Set(lines().map(({ className }) => className))],

    async recover(tail) {
      try {
        await recoverNow(tail);
      } catch (error) {
        // A disk that is full is an outage, and keeps no daemon from its start.
        left.push(tail);
        settle(error);
      }
    },

    async keep() {
      if (keeping) return;
      keeping = true;
      try {
        for (const line of [...open.values()]) {
          // It may be sealed by the time that its turn comes.
          await inTurn(async () => (open.get(line.className) === line ? writeTail(line) : undefined));
          const due =
            clock() - line.chunk.since >= sealAfterMs || (line.tail?.bytes() ?? 0) >= options.mostTailBytes;
          if (due && open.get(line.className) === line) await seal(line);
        }
        for (const line of [...sealing]) await inTurn(() => sealNow(line));
        // Last: where new rows cannot be written these need not be read.
        for (let [tail] = left; tail !== undefined; [tail] = left) {
          const next = tail;
          await inTurn(() => recoverNow(next));
          left.shift();
        }
        settle(null);
      } catch (error) {
        settle(error);
      } finally {
        keeping = false;
      }
    },

    async sealAll() {
      try {
        await sealAll();
        settle(null);
      } catch (error) {
        settle(error);
        throw new ForewarnError('HISTORY_UNWRITABLE', `Rows cannot be written: ${messageOf(error)}`, {
          cause: error,
          retryable: true,
          hint: 'Look at the space and the permissions of the state directory.',
        });
      }
    },
    async close() {
      closed = true;
      for (const { tail } of lines()) await inTurn(async () => tail?.close());
    },
    inTurn,
    stats: () => ({
      tailBytes: lines().reduce((sum, { tail }) => sum + (tail?.bytes() ?? 0), 0),
      dropped,
      lastError,
    }),
  };
}
