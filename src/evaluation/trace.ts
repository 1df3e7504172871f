/** One alert of a stream by the rows in which it was raised and cleared, counted from the stream's first row. */
export interface TracedAlert {
  readonly raisedRow: number;
  /** First row after which the alert no longer stands; null where it stands to the end. */
  readonly clearedRow: number | null;
  /** Most guilty first; the shares are from 0 to 1. */
  readonly channels: readonly { readonly channel: string; readonly share: number }[];
}

/**
 * What a model said of one stream, row by row. All arrays have one entry a row of the stream, `n`; rows before
 * `firstTestRow` are the rows that it was trained on, or that no window covers yet, and count nowhere.
 */
export interface StreamTrace {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly at: Float64Array;
  /** 1.0 is the threshold; NaN where the verdict was unknown. */
  readonly score: Float32Array;
  /** 1 where the data set says fault; null for a stream without labels. */
  readonly labels: Uint8Array | null;
  /** 1 where an alert stood after the row. */
  readonly flagged: Uint8Array;
  readonly channels: readonly string[];
  /** Row-major `[n x C]`: each channel's share of the score; NaN where the score is. */
  readonly attribution: Float32Array;
  readonly firstTestRow: number;
  readonly alerts: readonly TracedAlert[];
}
