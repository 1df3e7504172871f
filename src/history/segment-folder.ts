import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from './segment.ts';

/** What is known of a segment without opening it: all but its size stands in its name. */
export interface SegmentEntry {
  readonly className: string;
  /** Rises with the order of arrival within a class. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** When it was written, by the clock: what retention counts from, so that imported old rows are kept as long. */
  readonly sealedAt: number;
  readonly bytes: number;
  /** Set aside: it is never read, and goes when its time has come. */
  readonly damaged: boolean;
}

/** A write-ahead tail that a killed run left. */
export interface LeftTail {
  readonly className: string;
  readonly number: number;
  readonly file: string;
}

/** Segments and tails of all classes on disk, one folder a class. */
export interface SegmentFolder {
  /**
   * Reads what the directory has, which is made when it is not there, and removes what is half written or has become
   * needless. Gives the tails whose rows are in no segment, in order of writing.
   */
  load(): Promise<LeftTail[]>;
  /** Oldest sealed first, damaged ones among them. */
  list(): readonly SegmentEntry[];
  fileOf(entry: SegmentEntry): string;
  tailFile(className: string, number: number): string;
  /** A number that no segment or tail of the class has; makes the folder. */
  nextNumber(className: string): Promise<number>;
  add(entry: SegmentEntry): void;
  setAside(entry: SegmentEntry): Promise<void>;
  remove(entry: SegmentEntry): Promise<void>;
}

const segmentName = /^(\d+)-(\d+)-(\d+)-(\d+)-(\d+)\.seg(\.damaged)?$/;
const tailName = /^(\d+)\.tail(\.damaged)?$/;

function entryOf(className: string, segment: RegExpExecArray, bytes: number): SegmentEntry {
  const [number, from, to, rows, sealedAt] = segment.slice(1, 6).map(Number);
  return { className, number, from, to, rows, sealedAt, bytes, damaged: segment[6] !== undefined };
}

/**
 * The sound segments of one class beside a process that owns the folder: nothing is written or removed. Empty when there
 * are none. A segment may be gone by the time it is read.
 */
export async function sealedSegments(directory: string, className: string): Promise<SegmentEntry[]> {
  let names: string[];
  try {
    names = await readdir(join(directory, className));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const segment = segmentName.exec(name);
    const entry = segment === null ? null : entryOf(className, segment, 0);
    return entry === null || entry.damaged ? [] : [entry];
  });
}

/** Where a segment is. */
export function segmentFile(directory: string, entry: SegmentEntry): string {
  const { className, number, from, to, rows, sealedAt, damaged } = entry;
  const name = [number, from, to, rows, sealedAt].join('-');
  return join(directory, className, `${name}.seg${damaged ? '.damaged' : ''}`);
}

export function createSegmentFolder(directory: string): SegmentFolder {
  let entries: SegmentEntry[] = [];
  const highest = new Map<string, number>();
  const tailFile = (className: string, number: number) => join(directory, className, `${number}.tail`);
  const seen = (className: string, number: number): void =>
    void highest.set(className, Math.max(number, highest.get(className) ?? 0));

  const fileOf = (entry: SegmentEntry): string => segmentFile(directory, entry);

  /** Gives the tails of the class. */
  const loadClass = async (className: string): Promise<LeftTail[]> => {
    const tails: LeftTail[] = [];
    for (const name of await readdir(join(directory, className))) {
      const file = join(directory, className, name);
      const segment = segmentName.exec(name);
      const tail = tailName.exec(name);
      if (segment !== null) {
        const entry = entryOf(className, segment, (await stat(file)).size);
        entries.push(entry);
        seen(className, entry.number);
      } else if (tail !== null) {
        const number = Number(tail[1]);
        if (tail[2] === undefined) tails.push({ className, number, file });
        seen(className, number);
      } else if (name.endsWith('.partial')) await rm(file, { force: true });
    }
    return tails;
  };

  return {
    async load() {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const folders = await readdir(directory, { withFileTypes: true });
      const tails: LeftTail[] = [];
      for (const { name } of folders.filter((one) => one.isDirectory()))
        tails.push(...(await loadClass(name)));
      entries.sort((a, b) => a.sealedAt - b.sealedAt || a.number - b.number);
      const left: LeftTail[] = [];
      for (const tail of tails.sort((a, b) => a.number - b.number)) {
        // Killed after its segment was complete and before the tail was gone.
        if (entries.some((one) => one.className === tail.className && one.number === tail.number))
          await rm(tail.file, { force: true });
        else left.push(tail);
      }
      return left;
    },
    list: () => entries,
    fileOf,
    tailFile,
    async nextNumber(className) {
      const number = (highest.get(className) ?? 0) + 1;
      if (number === 1) {
        await mkdir(join(directory, className), { recursive: true, mode: 0o750 });
        await syncFolder(directory);
      }
      seen(className, number);
      return number;
    },
    add: (entry) => void entries.push(entry),
    async setAside(entry) {
      const aside = { ...entry, damaged: true };
      entries = entries.map((one) => (one === entry ? aside : one));
      await rename(fileOf(entry), fileOf(aside));
    },
    async remove(entry) {
      await rm(fileOf(entry), { force: true });
      entries = entries.filter((one) => one !== entry);
    },
  };
}
