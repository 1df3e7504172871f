import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw, inflateRawSync } from 'node:zlib';
import { ForewarnError, messageOf } from '../errors.ts';
import { type AssetRows, sliceRows } from './asset-rows.ts';
import { decodeBlock, encodeBlock } from './column-block.ts';

/*
 * One file: magic, deflated blocks, deflated JSON index, and a footer with the index's place and checksum. Each block
 * holds rows of one asset and has its checksum in the index, so that one asset is read without the others.
 */

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

const magic = Buffer.from('FWHIST1\n');
const footerBytes = 24;
/** Level 6 saves 4 % and costs a third of the speed (measured on the simulator). */
const level = 1;
/** A block is encoded in one go on the event loop, about 1 ms for this many values. */
const blockValues = 65_536;
const fewestBlockRows = 64;
/** Thousands of small writes would cost more than the deflating. */
const writeBytes = 262_144;
const smallBytes = 8192;

interface BlockEntry {
  readonly asset: string;
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
  readonly crc: number;
}

interface SegmentIndex {
  readonly channels: readonly string[];
  readonly blocks: readonly BlockEntry[];
}

/** What a segment is asked for; times are inclusive. */
export interface SegmentQuery {
  readonly from: number;
  readonly to: number;
  wants(assetId: string): boolean;
}

/**
 * Writes rows of many assets; the file appears complete and synced, or not at all. Every block is deflated off the
 * event loop, which turns in between. Gives the size in bytes.
 */
export async function writeSegment(
  file: string,
  channels: readonly string[],
  assets: Iterable<AssetRows>,
): Promise<number> {
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w', 0o640);
  try {
    await handle.write(magic);
    let offset = magic.length;
    const blocks: BlockEntry[] = [];
    const waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    const write = async (): Promise<void> => {
      await handle.writeFile(Buffer.concat(waiting.splice(0)));
      waitingBytes = 0;
    };
    for (const rows of assets) {
      for (const part of inBlocks(rows, channels.length)) {
        const bytes = await deflate(encodeBlock(part, channels.length), { level });
        waiting.push(bytes);
        waitingBytes += bytes.length;
        if (waitingBytes >= writeBytes) await write();
        blocks.push({
          asset: part.assetId,
          offset,
          bytes: bytes.length,
          rows: part.at.length,
          from: part.at[0],
          to: part.at[part.at.length - 1],
          crc: crc32(bytes),
        });
        offset += bytes.length;
      }
    }
    const index = await deflate(JSON.stringify({ channels, blocks } satisfies SegmentIndex));
    waiting.push(index, footerOf(offset, index));
    await write();
    await handle.sync();
    await handle.close();
    await rename(partial, file);
    await syncFolder(dirname(file));
    return offset + index.length + footerBytes;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

/** Ids of the assets that have rows in the segment. Throws HISTORY_DAMAGED, or what the file system says. */
export async function segmentAssets(file: string): Promise<Set<string>> {
  return withIndex(file, async ({ blocks }) => new Set(blocks.map(({ asset }) => asset)));
}

/** Number of values that {@link readSegment} would give at most. */
export async function segmentValues(file: string, query: SegmentQuery): Promise<number> {
  return withIndex(file, async ({ blocks, channels }) =>
    wanted(blocks, query).reduce((sum, { rows }) => sum + rows * channels.length, 0),
  );
}

/**
 * Rows of the blocks that reach into the query, as channels `names`: what the segment does not have of them is NaN
 * and not measured. Rows outside the times asked for may be among them. Throws as {@link segmentAssets} does.
 */
export async function readSegment(
  file: string,
  query: SegmentQuery,
  names: readonly string[],
): Promise<AssetRows[]> {
  return withIndex(file, async ({ blocks, channels }, read) => {
    const found: AssetRows[] = [];
    for (const block of wanted(blocks, query)) {
      const bytes = await read(block.offset, block.bytes);
      if (crc32(bytes) !== block.crc)
        throw new Error(`the rows of ${block.asset} do not match their checksum`);
      // A thread's turn costs more than a small block.
      const plain = bytes.length < smallBytes ? inflateRawSync(bytes) : await inflate(bytes);
      const rows = decodeBlock(plain, block.asset, block.rows, channels.length);
      found.push(asChannels(rows, channels, names));
    }
    return found;
  });
}

/** The rows with other channels, matched by name. */
export function asChannels(rows: AssetRows, has: readonly string[], names: readonly string[]): AssetRows {
  if (has.length === names.length && has.every((name, i) => name === names[i])) return rows;
  const n = rows.at.length;
  const values = new Float32Array(n * names.length).fill(Number.NaN);
  const measured = new Uint8Array(n * names.length);
  for (const [to, name] of names.entries()) {
    const from = has.indexOf(name);
    if (from < 0) continue;
    for (let row = 0; row < n; row++) {
      values[row * names.length + to] = rows.values[row * has.length + from];
      measured[row * names.length + to] = rows.measured[row * has.length + from];
    }
  }
  return { assetId: rows.assetId, at: rows.at, values, measured };
}

/** Makes a rename in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function* inBlocks(rows: AssetRows, channels: number): Iterable<AssetRows> {
  const most = Math.max(fewestBlockRows, Math.floor(blockValues / channels));
  for (let from = 0; from < rows.at.length; from += most)
    yield sliceRows(rows, from, Math.min(rows.at.length, from + most), channels);
}

function wanted(blocks: readonly BlockEntry[], { from, to, wants }: SegmentQuery): BlockEntry[] {
  return blocks.filter((block) => block.to >= from && block.from <= to && wants(block.asset));
}

function footerOf(offset: number, index: Uint8Array): Buffer {
  const footer = Buffer.alloc(footerBytes);
  footer.writeDoubleLE(offset, 0);
  footer.writeUInt32LE(index.length, 8);
  footer.writeUInt32LE(crc32(index), 12);
  magic.copy(footer, 16);
  return footer;
}

type Read = (offset: number, length: number) => Promise<Buffer>;

async function withIndex<T>(file: string, use: (index: SegmentIndex, read: Read) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    const read: Read = async (offset, length) => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      if (bytesRead !== length) throw new Error(`it ends before byte ${offset + length}`);
      return bytes;
    };
    const { size } = await handle.stat();
    return await use(await readIndex(read, size), read);
  } catch (error) {
    // An error of the system has a code and says nothing about the file's content.
    if (error instanceof Error && 'code' in error && 'syscall' in error) throw error;
    throw new ForewarnError('HISTORY_DAMAGED', `${file} is damaged: ${messageOf(error)}`, { cause: error });
  } finally {
    await handle.close();
  }
}

async function readIndex(read: Read, size: number): Promise<SegmentIndex> {
  if (size < magic.length + footerBytes) throw new Error('it is too short');
  const footer = await read(size - footerBytes, footerBytes);
  if (!footer.subarray(16).equals(magic)) throw new Error('its end is not that of a segment');
  const offset = footer.readDoubleLE(0);
  const length = footer.readUInt32LE(8);
  if (offset + length !== size - footerBytes) throw new Error('its index is not where it says');
  const bytes = await read(offset, length);
  if (crc32(bytes) !== footer.readUInt32LE(12)) throw new Error('its index does not match its checksum');
  return JSON.parse((await inflate(bytes)).toString()) as SegmentIndex;
}
