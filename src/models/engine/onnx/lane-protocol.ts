/** A float32 tensor on its way between threads; row-major. */
export interface WireTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** To the worker. Handled in order; each is answered once under its `call`. */
export type LaneRequest =
  | { readonly kind: 'load'; readonly call: number; readonly session: number; readonly model: Uint8Array }
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly session: number;
      readonly feeds: Readonly<Record<string, WireTensor>>;
    }
  | { readonly kind: 'release'; readonly call: number; readonly session: number };

export type LaneOutputs = Readonly<Record<string, Float32Array>>;

export type LaneAnswer =
  | { readonly kind: 'done'; readonly call: number; readonly outputs: LaneOutputs }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string };
