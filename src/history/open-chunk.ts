import type { Row } from '../types.ts';
import { type AssetRows, joinRows } from './asset-rows.ts';

/** Rows of one class in order of arrival, before they are sealed. */
export interface OpenChunk {
  readonly channels: readonly string[];
  /** When the first row came, by the clock. */
  readonly since: number;
  count(): number;
  /** Copies the row. */
  append(row: Pick<Row, 'at' | 'values' | 'measured'> & { readonly asset: { readonly id: string } }): void;
  assets(): readonly string[];
  /** Rows `[from, to)` and the ids from number `assetsFrom` on, as bytes of one frame of the tail. */
  frame(from: number, to: number, assetsFrom: number): Buffer;
  /** Rows of each asset wanted, in order of time. */
  rowsOf(wants: (assetId: string) => boolean): Generator<AssetRows>;
  /** First and last time; null when empty. */
  span(): readonly [from: number, to: number] | null;
}

interface Columns {
  asset: Uint32Array;
  at: Float64Array;
  values: Float32Array;
  measured: Uint8Array;
}

const firstCapacity = 64;

export function createOpenChunk(channels: readonly string[], since: number): OpenChunk {
  const width = channels.length;
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  let columns = emptyColumns(firstCapacity, width);
  let count = 0;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;

  const grow = (): void => {
    const bigger = emptyColumns(columns.at.length * 2, width);
    bigger.asset.set(columns.asset);
    bigger.at.set(columns.at);
    bigger.values.set(columns.values);
    bigger.measured.set(columns.measured);
    columns = bigger;
  };

  return {
    channels,
    since,
    count: () => count,
    append({ asset, at, values, measured }) {
      if (count === columns.at.length) grow();
      let number = numbers.get(asset.id);
      if (number === undefined) {
        number = ids.length;
        ids.push(asset.id);
        numbers.set(asset.id, number);
      }
      columns.asset[count] = number;
      columns.at[count] = at;
      columns.values.set(values, count * width);
      columns.measured.set(measured, count * width);
      count++;
      if (at < from) from = at;
      if (at > to) to = at;
    },
    assets: () => ids,
    frame(first, end, assetsFrom) {
      const head = Buffer.from(JSON.stringify({ assets: ids.slice(assetsFrom), rows: end - first }));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(head.length);
      return Buffer.concat([
        length,
        head,
        bytesOf(columns.asset, first, end),
        bytesOf(columns.at, first, end),
        bytesOf(columns.values, first * width, end * width),
        bytesOf(columns.measured, first * width, end * width),
      ]);
    },
    *rowsOf(wants) {
      // Positions of each asset's rows side by side, in order of arrival (counting sort).
      const starts = new Uint32Array(ids.length + 1);
      const end = count;
      for (let i = 0; i < end; i++) starts[columns.asset[i] + 1]++;
      for (let i = 0; i < ids.length; i++) starts[i + 1] += starts[i];
      const next = starts.slice();
      const positions = new Uint32Array(end);
      for (let i = 0; i < end; i++) positions[next[columns.asset[i]]++] = i;
      for (const [number, id] of ids.slice().entries()) {
        const mine = positions.subarray(starts[number], starts[number + 1]);
        if (mine.length > 0 && wants(id)) yield joinRows(id, [pick(id, columns, mine, width)], width);
      }
    },
    span: () => (count === 0 ? null : [from, to]),
  };
}

/** Appends the rows of a frame, whose assets go on from those that the chunk has. Throws RangeError on bad bytes. */
export function appendFrame(chunk: OpenChunk, frame: Buffer): void {
  const width = chunk.channels.length;
  const headEnd = 4 + frame.readUInt32LE(0);
  const head = JSON.parse(frame.subarray(4, headEnd).toString()) as { assets: string[]; rows: number };
  const ids = [...chunk.assets(), ...head.assets];
  // Copies are aligned as typed arrays want it.
  let offset = headEnd;
  const take = (bytes: number): ArrayBuffer => {
    if (offset + bytes > frame.length) throw new RangeError('the frame is shorter than its rows');
    const part = frame.subarray(offset, offset + bytes);
    offset += bytes;
    return new Uint8Array(part).buffer;
  };
  const asset = new Uint32Array(take(4 * head.rows));
  const at = new Float64Array(take(8 * head.rows));
  const values = new Float32Array(take(4 * head.rows * width));
  const measured = new Uint8Array(take(head.rows * width));
  for (let row = 0; row < head.rows; row++) {
    chunk.append({
      asset: { id: ids[asset[row]] },
      at: at[row],
      values: values.subarray(row * width, (row + 1) * width),
      measured: measured.subarray(row * width, (row + 1) * width),
    });
  }
}

function pick(id: string, columns: Columns, positions: Uint32Array, width: number): AssetRows {
  const n = positions.length;
  const rows = { assetId: id, ...emptyColumns(n, width) };
  for (let i = 0; i < n; i++) {
    const from = positions[i] * width;
    rows.at[i] = columns.at[positions[i]];
    for (let c = 0; c < width; c++) {
      rows.values[i * width + c] = columns.values[from + c];
      rows.measured[i * width + c] = columns.measured[from + c];
    }
  }
  const { assetId, at, values, measured } = rows;
  return { assetId, at, values, measured };
}

function emptyColumns(rows: number, width: number): Columns {
  return {
    asset: new Uint32Array(rows),
    at: new Float64Array(rows),
    values: new Float32Array(rows * width),
    measured: new Uint8Array(rows * width),
  };
}

function bytesOf(array: Uint32Array | Float64Array | Float32Array | Uint8Array, from: number, end: number) {
  const part = array.subarray(from, end);
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}
