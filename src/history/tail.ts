import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ForewarnError, messageOf } from '../errors.ts';
import { appendFrame, createOpenChunk, type OpenChunk } from './open-chunk.ts';

/*
 * The write-ahead tail of an open chunk: magic, then frames of length, checksum and bytes; the first frame names the
 * channels. It is read only after a run that was killed.
 */

const magic = Buffer.from('FWTAIL1\n');
const frameHead = 8;

/** Keeps what a chunk has on disk until its segment is there. Calls must not overlap. */
export interface Tail {
  bytes(): number;
  /** Writes and syncs the rows that came since the last call that went well. Throws what the file system says. */
  write(): Promise<void>;
  close(): Promise<void>;
  /** Closes and deletes it: its rows are in a segment. */
  remove(): Promise<void>;
}

export function createTail(file: string, chunk: OpenChunk): Tail {
  let handle: FileHandle | null = null;
  let size = 0;
  let rows = 0;
  let assets = 0;

  const close = async (): Promise<void> => {
    const closing = handle;
    handle = null;
    await closing?.close();
  };

  return {
    bytes: () => size,
    async write() {
      const end = chunk.count();
      if (end === rows) return;
      const assetsEnd = chunk.assets().length;
      const parts = [framed(chunk.frame(rows, end, assets))];
      if (size === 0) parts.unshift(magic, framed(Buffer.from(JSON.stringify(chunk.channels))));
      handle ??= await open(file, 'w', 0o640);
      const bytes = Buffer.concat(parts);
      // At its place, not at the end: what a full disk cut off is written over by the next attempt.
      await writeAt(handle, bytes, size);
      await handle.datasync();
      size += bytes.length;
      rows = end;
      assets = assetsEnd;
    },
    close,
    async remove() {
      await close();
      await rm(file, { force: true });
    },
  };
}

/** The rows of a tail up to where its writer was killed. Throws HISTORY_DAMAGED when not even its channels can be read. */
export async function readTail(file: string): Promise<OpenChunk> {
  const bytes = await readFile(file);
  const frames = framesOf(bytes);
  const first = frames.next();
  if (first.done) {
    // Killed during the very first write, it has no row yet.
    if (isTorn(bytes)) return createOpenChunk([], 0);
    throw damaged(file, 'it does not match its checksum');
  }
  try {
    const chunk = createOpenChunk(JSON.parse(first.value.toString()) as string[], 0);
    for (const frame of frames) appendFrame(chunk, frame);
    return chunk;
  } catch (error) {
    throw damaged(file, messageOf(error));
  }
}

/** A tail that cannot be read is kept for whoever wants to look, and never read again. */
export async function setTailAside(file: string): Promise<void> {
  await rename(file, `${file}.damaged`);
}

/** Frames up to the first that is cut off or does not match its checksum. */
function* framesOf(bytes: Buffer): Generator<Buffer, undefined> {
  if (!bytes.subarray(0, magic.length).equals(magic)) return;
  let at = magic.length;
  while (at + frameHead <= bytes.length) {
    const end = at + frameHead + bytes.readUInt32LE(at);
    const frame = bytes.subarray(at + frameHead, end);
    if (end > bytes.length || crc32(frame) !== bytes.readUInt32LE(at + 4)) return;
    yield frame;
    at = end;
  }
}

function isTorn(bytes: Buffer): boolean {
  const head = magic.length + frameHead;
  return bytes.length < head || bytes.length < head + bytes.readUInt32LE(magic.length);
}

function framed(bytes: Buffer): Buffer {
  const head = Buffer.alloc(frameHead);
  head.writeUInt32LE(bytes.length, 0);
  head.writeUInt32LE(crc32(bytes), 4);
  return Buffer.concat([head, bytes]);
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function damaged(file: string, why: string): ForewarnError {
  return new ForewarnError('HISTORY_DAMAGED', `${file} is damaged: ${why}`);
}
