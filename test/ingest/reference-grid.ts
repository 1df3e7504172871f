import type { IngestClass } from '../../src/ingest/ingest-class.ts';

/** One message: its stamp and a value a channel, null where it has none. */
export interface Event {
  readonly at: number;
  readonly values: readonly (number | null)[];
}

interface ReferenceRow {
  readonly at: number;
  readonly values: number[];
  readonly measured: number[];
}

/**
 * The grid once more for one asset, written for reading and not for speed: rows in a list, slots in BigInt,
 * readings in lists. Property tests compare the real one with it.
 */
export function referenceGrid(spec: IngestClass, events: readonly Event[]) {
  const rows: ReferenceRow[] = [];
  const windows: (ReferenceRow & { coverage: number })[] = [];
  const counts = { gapRows: 0, late: 0, repeated: 0, clockResets: 0 };
  const every = BigInt(spec.sampleEveryMs);
  const T = spec.windowLength;
  let grid: { origin: bigint; newest: bigint; readings: number[][] | null; rows: ReferenceRow[] } | null =
    null;
  let lateTimes: number[] = [];

  const noReadings = () => spec.channels.map((): number[] => []);
  const begin = (at: number) => ({ origin: BigInt(at), newest: 0n, readings: noReadings(), rows: [] });

  const emit = (slot: bigint, readings: number[][]) => {
    const before = grid!.rows.at(-1)?.values ?? readings.map(() => Number.NaN);
    const row = {
      at: Number(grid!.origin + slot * every),
      values: readings.map((list, c) => {
        return list.length === 0 ? before[c]! : Math.fround(list.reduce((a, b) => a + b) / list.length);
      }),
      measured: readings.map((list) => (list.length === 0 ? 0 : 1)),
    };
    grid!.rows.push(row);
    rows.push(row);
    const n = grid!.rows.length;
    if (n < T || (n - T) % spec.stride !== 0) return;
    const last = grid!.rows.slice(-T);
    const measured = last.flatMap((each) => each.measured);
    windows.push({
      at: row.at,
      values: last.flatMap((each) => each.values),
      measured,
      coverage: measured.filter((bit) => bit === 1).length / measured.length,
    });
  };
  const close = () => {
    if (grid === null || grid.readings === null) return;
    const { readings } = grid;
    grid.readings = null;
    emit(grid.newest, readings);
  };

  for (const { at, values } of events) {
    const given = values.filter((value) => value !== null).length;
    if (given === 0) continue;
    grid ??= begin(at);
    let slot = floorDivide(2n * (BigInt(at) - grid.origin) + every, 2n * every);
    if (slot < grid.newest) {
      const previous = lateTimes.at(-1);
      if (previous !== undefined && at < previous) lateTimes = [];
      if (at !== previous || lateTimes.length === 0) lateTimes.push(at);
      if (lateTimes.length <= 2 * T) {
        counts.late += given;
        continue;
      }
      counts.clockResets++;
      close();
      grid = begin(at);
      slot = 0n;
    }
    lateTimes = [];
    if (slot > grid.newest) {
      close();
      const missing = slot - grid.newest - 1n;
      if (missing > BigInt(T)) {
        grid = begin(at);
      } else {
        for (let k = grid.newest + 1n; k < slot; k++) {
          counts.gapRows++;
          emit(k, noReadings());
        }
        grid.newest = slot;
        grid.readings = noReadings();
      }
    }
    for (const [c, value] of values.entries()) {
      if (value === null) continue;
      if (grid.readings === null || (spec.aggregate === 'first' && grid.readings[c]!.length > 0))
        counts.repeated++;
      else grid.readings[c]!.push(value);
    }
    const whole = grid.readings?.every((list) => list.length > 0) ?? false;
    if (spec.aggregate === 'first' && whole) close();
  }
  close();
  return { rows, windows, counts };
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n ? a / b : -((-a + b - 1n) / b);
}
