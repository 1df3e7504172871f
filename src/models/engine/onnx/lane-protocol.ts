/** A float32 tensor; row-major. */
export interface WireTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** On its way to the thread; the memory of a `lent` one, which may be longer than its data, comes back. */
export interface SentTensor extends WireTensor {
  readonly lent: boolean;
}

/** To the worker. Handled in order; each is answered once under its `call`. */
export type LaneRequest =
  | { readonly kind: 'load'; readonly call: number; readonly session: number; readonly model: Uint8Array }
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly session: number;
      readonly feeds: Readonly<Record<string, SentTensor>>;
    }
  | { readonly kind: 'release'; readonly call: number; readonly session: number };

export type LaneOutputs = Readonly<Record<string, Float32Array>>;

/** What a request gave: nothing at all but for a run. */
export interface LaneResult {
  readonly outputs: LaneOutputs;
  /** The memory of the lent tensors. */
  readonly returned: Readonly<Record<string, ArrayBuffer>>;
}

export type LaneAnswer =
  | { readonly kind: 'done'; readonly call: number; readonly result: LaneResult }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string };
