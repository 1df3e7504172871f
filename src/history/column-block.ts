import { type AssetRows, emptyRows } from './asset-rows.ts';

/*
 * Rows of one asset as columns that deflate well; deflating is the segment's work.
 *
 *   time      first as float64, then delta of delta (Pelkonen et al. 2015) as zigzag varints: zeros on a grid
 *   measured  one byte 1 when everything was measured, else 0 and a bit a value, channel by channel
 *   channel   one byte of form; a bit a row where it is NaN, if it ever is; four planes of n bytes
 *
 * Instruments publish decimals, so a channel's form is, where that is exact, the integers `value * 10^e` as zigzag
 * deltas (the idea of ALP, Afroozeh et al. 2023), else the bits of the float32. Splitting words into planes puts bytes
 * of equal meaning side by side. Numbers are little endian, as every machine is that this runs on.
 */

const mostDecimals = 6;
const rawForm = 0x3f;
const hasNaN = 0x40;

/** Throws a RangeError when a time is no whole number of milliseconds; whoever appends rows has refused those. */
export function encodeBlock(rows: AssetRows, channels: number): Uint8Array {
  const n = rows.at.length;
  const bits = Math.ceil(n / 8);
  const writer = new ByteWriter(8 + 8 * n + 1 + channels * (bits + 1 + bits + 4 * n));
  writeTimes(writer, rows.at);
  const complete = rows.measured.every((one) => one === 1);
  writer.byte(complete ? 1 : 0);
  if (!complete) {
    for (let c = 0; c < channels; c++) writer.bits(n, (row) => rows.measured[row * channels + c] === 1);
  }
  const column = new Float32Array(n);
  const words = new Uint32Array(n);
  for (let c = 0; c < channels; c++) {
    let gaps = false;
    for (let row = 0; row < n; row++) {
      const value = rows.values[row * channels + c];
      gaps ||= Number.isNaN(value);
      column[row] = value;
    }
    const exponent = fillWords(words, column);
    writer.byte((exponent ?? rawForm) | (gaps ? hasNaN : 0));
    if (gaps) writer.bits(n, (row) => Number.isNaN(column[row]));
    writer.planes(words);
  }
  return writer.bytes();
}

/** The inverse of {@link encodeBlock}, exact to the bit but for the payload of NaNs. Throws RangeError on bad bytes. */
export function decodeBlock(bytes: Uint8Array, assetId: string, n: number, channels: number): AssetRows {
  const reader = new ByteReader(bytes);
  const rows = emptyRows(assetId, n, channels);
  readTimes(reader, rows.at);
  if (reader.byte() === 1) rows.measured.fill(1);
  else {
    for (let c = 0; c < channels; c++) {
      reader.bits(n, (row, set) => {
        rows.measured[row * channels + c] = set ? 1 : 0;
      });
    }
  }
  const words = new Uint32Array(n);
  const floats = new Float32Array(words.buffer);
  for (let c = 0; c < channels; c++) {
    const form = reader.byte();
    const missing = form & hasNaN ? reader.skip(Math.ceil(n / 8)) : null;
    reader.planes(words);
    const exponent = form & rawForm;
    if (exponent === rawForm) {
      for (let row = 0; row < n; row++) rows.values[row * channels + c] = floats[row];
    } else {
      const scale = 10 ** exponent;
      let integer = 0;
      for (let row = 0; row < n; row++) {
        const word = words[row];
        integer = (integer + ((word >>> 1) ^ -(word & 1))) | 0;
        rows.values[row * channels + c] = integer / scale;
      }
    }
    if (missing === null) continue;
    for (let row = 0; row < n; row++)
      if ((missing[row >> 3] >> (row & 7)) & 1) rows.values[row * channels + c] = Number.NaN;
  }
  return rows;
}

/** Fills `words` with what stands for the column; gives the decimal exponent, or null for raw bits. */
function fillWords(words: Uint32Array, column: Float32Array): number | null {
  const n = column.length;
  search: for (let exponent = 0; exponent <= mostDecimals; exponent++) {
    const scale = 10 ** exponent;
    let previous = 0;
    for (let row = 0; row < n; row++) {
      const value = column[row];
      // Where it is NaN the bits beside it say so; repeating the integer costs nothing.
      const missing = Number.isNaN(value);
      const integer = missing ? previous : Math.round(value * scale);
      if (!missing) {
        if (integer !== (integer | 0)) break search;
        if (!Object.is(Math.fround((integer | 0) / scale), value)) continue search;
      }
      // Wraps around, as decoding does.
      const delta = (integer - previous) | 0;
      words[row] = (delta << 1) ^ (delta >> 31);
      previous = integer;
    }
    return exponent;
  }
  words.set(new Uint32Array(column.buffer, column.byteOffset, n));
  return null;
}

function writeTimes(writer: ByteWriter, at: Float64Array): void {
  if (at.length === 0) return;
  writer.double(at[0]);
  let delta = 0;
  for (let i = 1; i < at.length; i++) {
    const next = at[i] - at[i - 1];
    writer.varint(next - delta);
    delta = next;
  }
}

function readTimes(reader: ByteReader, at: Float64Array): void {
  if (at.length === 0) return;
  at[0] = reader.double();
  let delta = 0;
  for (let i = 1; i < at.length; i++) {
    delta += reader.varint();
    at[i] = at[i - 1] + delta;
  }
}

class ByteWriter {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  double(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A signed whole number below 2^52 in size; arithmetic instead of shifts, which end at 32 bits. */
  varint(value: number): void {
    if (!Number.isSafeInteger(2 * value)) throw new RangeError(`${value} is no whole number of milliseconds`);
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest >= 128) {
      this.#bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  bits(count: number, isSet: (i: number) => boolean): void {
    for (let i = 0; i < count; i++) if (isSet(i)) this.#bytes[this.#at + (i >> 3)] |= 1 << (i & 7);
    this.#at += Math.ceil(count / 8);
  }

  planes(words: Uint32Array): void {
    const n = words.length;
    for (let plane = 0; plane < 4; plane++) {
      const shift = 8 * plane;
      const from = this.#at + plane * n;
      for (let i = 0; i < n; i++) this.#bytes[from + i] = words[i] >>> shift;
    }
    this.#at += 4 * n;
  }

  bytes(): Uint8Array {
    // Eight bytes a varint are enough: stamps are below 1e14, their second differences below 2^50.
    return this.#bytes.subarray(0, this.#at);
  }
}

class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.skip(1)[0];
  }

  double(): number {
    const part = this.skip(8);
    return new DataView(part.buffer, part.byteOffset).getFloat64(0, true);
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
  }

  bits(count: number, take: (i: number, set: boolean) => void): void {
    const part = this.skip(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) take(i, ((part[i >> 3] >> (i & 7)) & 1) === 1);
  }

  planes(words: Uint32Array): void {
    const n = words.length;
    const part = this.skip(4 * n);
    for (let i = 0; i < n; i++)
      words[i] = part[i] | (part[n + i] << 8) | (part[2 * n + i] << 16) | (part[3 * n + i] << 24);
  }

  skip(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RangeError('the block is shorter than its rows');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
