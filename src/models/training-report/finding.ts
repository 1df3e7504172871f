export type FindingKind =
  /** Readings that are not there. */
  | 'missing'
  /** A channel that otherwise changes stands still. */
  | 'stuck'
  /** A channel, or the whole asset, never changes. */
  | 'constant'
  /** Too few rows for the windows. */
  | 'short'
  /** Rows that repeat earlier ones exactly. */
  | 'duplicate'
  /** The level moves over the whole time. */
  | 'drifting'
  /** A few long stretches at one level and a few at another. */
  | 'mixed';

/** Something to know about training data. Times are those of the first and of the last row that it is about. */
export interface Finding {
  readonly kind: FindingKind;
  readonly assetId: string;
  /** Null: the whole asset. */
  readonly channel: string | null;
  readonly from: number;
  readonly to: number;
  /** `info`: for people; `exclude`: these rows teach something wrong; `block`: the asset cannot be learned from. */
  readonly severity: 'info' | 'exclude' | 'block';
  /** One sentence, without the asset's name and the times. */
  readonly message: string;
}

/** One channel of one asset: the measured readings, with the row that each is of. */
export interface Series {
  readonly assetId: string;
  readonly channel: string;
  /** Times of all rows of the asset. */
  readonly at: Float64Array;
  readonly values: Float32Array;
  readonly rows: Uint32Array;
}

/** A finding about rows `[first, last]`, both included. */
export function findingOf(
  series: Pick<Series, 'assetId' | 'at'> & Pick<Finding, 'channel'>,
  [first, last]: readonly [number, number],
  what: Pick<Finding, 'kind' | 'severity' | 'message'>,
): Finding {
  const { assetId, channel, at } = series;
  return { ...what, assetId, channel, from: at[first], to: at[last] };
}

/** A number as people want to read it, with about four digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
