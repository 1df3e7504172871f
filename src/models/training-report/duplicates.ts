import type { AssetRows } from '../training-set.ts';
import { type Finding, findingOf } from './finding.ts';

/** Rows that are looked for together, and how many of them must differ from the one before: standing still repeats. */
const gram = 8;
const fewestChanges = 4;
const fewestRows = 10;
/** Chance repeats anywhere are kept below this. */
const chance = 1e-4;
/** What repeats more often is how the machine is: a cycle with few levels. */
const mostOccasions = 5;
/** Of the FNV hash (Fowler, Noll, Vo). */
const fnvPrime = 16_777_619;

/**
 * Stretches of rows that repeat an earlier stretch of the same asset exactly, as a file that was put together twice
 * has them. `channels` are those that change at all; rows of which one is missing match nothing.
 */
export function findDuplicates(rows: AssetRows, width: number, channels: readonly number[]): Finding[] {
  const n = rows.at.length;
  if (channels.length === 0 || n < 2 * gram) return [];
  const hashes = hashRows(rows, width, channels);
  const same = (a: number, b: number): boolean =>
    hashes[a] === hashes[b] &&
    channels.every(
      (c) => rows.measured[b * width + c] === 1 && rows.values[a * width + c] === rows.values[b * width + c],
    );
  const enough = fewestRowsByChance(hashes);
  const seen = new Map<number, number>();
  const stretches: { start: number; length: number }[] = [];
  let row = 0;
  while (row + gram <= n) {
    const key = gramHash(hashes, row);
    const earlier = key === null ? undefined : seen.get(key);
    if (key !== null && earlier === undefined) seen.set(key, row);
    let length = 0;
    if (earlier !== undefined && row - earlier >= gram) {
      while (row + length < n && earlier + length < row && same(earlier + length, row + length)) length++;
    }
    if (length >= enough) {
      stretches.push({ start: row, length });
      row += length;
    } else row++;
  }
  const habit = stretches.length > mostOccasions;
  return (habit ? stretches.slice(0, 1) : stretches).map(({ start, length }) =>
    findingOf({ assetId: rows.assetId, channel: null, at: rows.at }, [start, start + length - 1], {
      kind: 'duplicate',
      severity: habit ? 'info' : 'exclude',
      message: habit
        ? `Rows repeat earlier ones exactly on ${stretches.length} occasions, of which this is the first.`
        : `${length} rows repeat earlier ones exactly.`,
    }),
  );
}

/** 0 where a channel is missing. */
function hashRows(rows: AssetRows, width: number, channels: readonly number[]): Uint32Array {
  const bits = new Uint32Array(rows.values.buffer, rows.values.byteOffset, rows.values.length);
  return Uint32Array.from(rows.at, (_, row) => {
    let hash = 2_166_136_261;
    for (const c of channels) {
      if (rows.measured[row * width + c] !== 1) return 0;
      hash = Math.imul(hash ^ bits[row * width + c], fnvPrime);
      // Floats of decimals differ in their upper bits; mixing brings those down.
      hash ^= hash >>> 15;
    }
    return hash >>> 0 || 1;
  });
}

/** A hash of the rows from `start` on; null where a row is missing or too few of them change. */
function gramHash(hashes: Uint32Array, start: number): number | null {
  let hash = 0;
  let changes = 0;
  for (let row = start; row < start + gram; row++) {
    if (hashes[row] === 0) return null;
    if (row > start && hashes[row] !== hashes[row - 1]) changes++;
    hash = Math.imul(hash, 31) + hashes[row];
    hash = Math.imul(hash ^ (hash >>> 16), fnvPrime);
  }
  return changes < fewestChanges ? null : hash >>> 0;
}

/** From the chance that two rows are equal, twice the length at which a repeat anywhere is no chance any more. */
function fewestRowsByChance(hashes: Uint32Array): number {
  const n = hashes.length;
  const counts = new Map<number, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  let equalPairs = 0;
  for (const count of counts.values()) equalPairs += count * (count - 1);
  const probability = equalPairs / (n * (n - 1));
  if (probability === 0) return fewestRows;
  return Math.max(fewestRows, (2 * (2 * Math.log(n) - Math.log(chance))) / -Math.log(probability));
}
