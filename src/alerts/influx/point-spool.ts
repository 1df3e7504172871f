import { mkdir, open, readdir, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface PointSpoolOptions {
  /** Made when absent. */
  readonly directory: string;
  /** Bound of all segments together; beyond it the oldest segment is given up. */
  readonly maxBytes: number;
}

/** A stretch of the spool: whole lines within one segment. */
export interface SpoolMark {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  readonly points: number;
}

interface SpoolBatch extends SpoolMark {
  readonly lines: Buffer;
}

/**
 * Points that wait on disk, oldest first, in segment files of line protocol. Only one call may be under way at a
 * time. What was taken is noted in memory only and a segment is deleted when all of it was: after a restart the
 * oldest segment is written once more, and to InfluxDB a point written twice is one point. Nothing is synced: the
 * file outlives the process, not a power cut.
 */
export interface PointSpool {
  /** Takes up what an earlier run left; a line that a crash cut short is cut off. Rejects when the disk fails. */
  open(): Promise<void>;
  /** Adds lines, each with its line end. Rejects when the disk fails; then nothing was added. */
  append(lines: Buffer, points: number): Promise<SpoolMark>;
  /** The oldest lines, about `bytes` of them; null when there are none. A segment that cannot be read is given up. */
  head(bytes: number): Promise<SpoolBatch | null>;
  /** Takes away what `head` or `append` gave, if it still is the oldest. */
  advance(mark: SpoolMark): Promise<void>;
  readonly bytes: number;
  readonly points: number;
  /** Points given up since the start because the bound was reached, and because they could not be read. */
  readonly overflowed: number;
  readonly unreadable: number;
}

interface Segment {
  readonly number: number;
  /** Length of whole, written lines. */
  size: number;
  points: number;
  /** Taken from its beginning. */
  taken: number;
  takenPoints: number;
}

const SUFFIX = '.lp';
/** The bound is kept by giving up whole segments, so it is held to within an eighth. */
const SEGMENTS = 8;
const LARGEST_SEGMENT = 16 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const LINE_END = 10;

export function createPointSpool({ directory, maxBytes }: PointSpoolOptions): PointSpool {
  const segmentBytes = Math.min(LARGEST_SEGMENT, Math.ceil(maxBytes / SEGMENTS));
  const segments: Segment[] = [];
  let nextNumber = 1;
  /** False for what an earlier run wrote: its file is left as it is. */
  let writable = false;
  let overflowed = 0;
  let unreadable = 0;
  const pathOf = (number: number): string => join(directory, `${String(number).padStart(12, '0')}${SUFFIX}`);
  const bytes = (): number => segments.reduce((sum, { size, taken }) => sum + size - taken, 0);

  const removeOldest = async (): Promise<Segment> => {
    const [oldest] = segments.splice(0, 1);
    if (segments.length === 0) writable = false;
    await unlink(pathOf(oldest.number)).catch(() => undefined);
    return oldest;
  };

  const writeAt = async (path: string, data: Buffer, position: number): Promise<void> => {
    const file = await open(path, position === 0 ? 'w' : 'r+', 0o640);
    try {
      for (let done = 0; done < data.length; ) {
        // A position, so that what a full disk cut short is written over by the next attempt.
        const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
        done += bytesWritten;
      }
    } finally {
      await file.close();
    }
  };

  return {
    async open() {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const names = (await readdir(directory)).filter((name) => /^\d+\.lp$/.test(name)).sort();
      for (const name of names) {
        const number = Number.parseInt(name, 10);
        nextNumber = Math.max(nextNumber, number + 1);
        const { size, points } = await wholeLines(pathOf(number));
        if (size === 0) await unlink(pathOf(number));
        else {
          await truncate(pathOf(number), size);
          segments.push({ number, size, points, taken: 0, takenPoints: 0 });
        }
      }
    },

    async append(data, points) {
      let last = segments[segments.length - 1];
      if (!writable || last === undefined || last.size + data.length > segmentBytes) {
        last = { number: nextNumber, size: 0, points: 0, taken: 0, takenPoints: 0 };
        await mkdir(directory, { recursive: true, mode: 0o750 });
        await writeAt(pathOf(last.number), data, 0);
        nextNumber += 1;
        segments.push(last);
        writable = true;
      } else {
        await writeAt(pathOf(last.number), data, last.size);
      }
      const mark = { segment: last.number, offset: last.size, bytes: data.length, points };
      last.size += data.length;
      last.points += points;
      while (segments.length > 1 && bytes() > maxBytes) {
        const oldest = await removeOldest();
        overflowed += oldest.points - oldest.takenPoints;
      }
      return mark;
    },

    async head(wanted) {
      while (segments.length > 0) {
        const { number, size, taken, points, takenPoints } = segments[0];
        const batch = await readLines(pathOf(number), taken, Math.min(size - taken, wanted)).catch(
          () => null,
        );
        if (batch !== null && batch.bytes > 0) return { segment: number, offset: taken, ...batch };
        await removeOldest();
        unreadable += points - takenPoints;
      }
      return null;
    },

    async advance({ segment, offset, bytes: length, points }) {
      const [oldest] = segments;
      if (oldest === undefined || oldest.number !== segment || oldest.taken !== offset) return;
      oldest.taken += length;
      oldest.takenPoints += points;
      if (oldest.taken >= oldest.size) await removeOldest();
    },

    get bytes() {
      return bytes();
    },
    get points() {
      return segments.reduce((sum, { points, takenPoints }) => sum + points - takenPoints, 0);
    },
    get overflowed() {
      return overflowed;
    },
    get unreadable() {
      return unreadable;
    },
  };
}

/** Whole lines from `offset` on, at most `length` bytes. */
async function readLines(path: string, offset: number, length: number) {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
    const bytes = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END) + 1;
    const lines = buffer.subarray(0, bytes);
    return { lines, bytes, points: countLines(lines) };
  } finally {
    await file.close();
  }
}

/** How much of the file is whole lines, and how many. */
async function wholeLines(path: string): Promise<{ size: number; points: number }> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let size = 0;
    let points = 0;
    for (let position = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) return { size, points };
      const chunk = buffer.subarray(0, bytesRead);
      const end = chunk.lastIndexOf(LINE_END) + 1;
      if (end > 0) size = position + end;
      points += countLines(chunk);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function countLines(buffer: Buffer): number {
  let lines = 0;
  for (let at = buffer.indexOf(LINE_END); at !== -1; at = buffer.indexOf(LINE_END, at + 1)) lines += 1;
  return lines;
}
