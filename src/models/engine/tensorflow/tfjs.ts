/**
 * The part of TensorFlow.js and of its Node binding that the engine calls, as structural types: the packages are
 * optional and absent on most machines, so nothing may depend on their own types.
 */
export interface Tensor {
  readonly shape: readonly number[];
  /** Blocks until the value is there and copies it out. */
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Tfjs {
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  scalar(value: number): Tensor;
  zeros(shape: readonly number[]): Tensor;
  zerosLike(x: Tensor): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
  sub(a: Tensor | number, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  div(a: Tensor | number, b: Tensor): Tensor;
  maximum(a: Tensor, b: Tensor | number): Tensor;
  sqrt(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  isNaN(x: Tensor): Tensor;
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor;
  clipByValue(x: Tensor, low: number, high: number): Tensor;
  sum(x: Tensor, axis?: number): Tensor;
  mean(x: Tensor, axis?: number): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  reverse(x: Tensor, axis: number): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  split(x: Tensor, sizes: readonly number[]): Tensor[];
  tile(x: Tensor, repeats: readonly number[]): Tensor;
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  pad(x: Tensor, paddings: readonly (readonly [before: number, after: number])[]): Tensor;
  customGrad<Inputs extends readonly Tensor[]>(
    f: (...inputs: [...Inputs, Save]) => CustomGradient,
  ): (...inputs: Inputs) => Tensor;
  valueAndGrads(f: (...inputs: Tensor[]) => Tensor): (inputs: readonly Tensor[]) => {
    readonly value: Tensor;
    readonly grads: readonly Tensor[];
  };
  tidy<T>(f: () => T): T;
  keep(x: Tensor): Tensor;
  memory(): { readonly numTensors: number };
  backend(): NodeBackend;
}

type Save = (tensors: readonly Tensor[]) => void;

interface CustomGradient {
  readonly value: Tensor;
  readonly gradFunc: (upstream: Tensor, saved: readonly Tensor[]) => readonly Tensor[];
}

/** An attribute of a TensorFlow op; `type` is one of the binding's `TF_ATTR_*`. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** The backend object of `@tensorflow/tfjs-node`, with which any op of the library can be called by its name. */
export interface NodeBackend {
  readonly binding: NodeBinding;
  readonly tensorMap: { set(dataId: object, data: object): void };
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly (Tensor | HeldTensor)[],
    outputs: number,
  ): Tensor[];
  /** Tensors that the native library holds; the true count, whatever JavaScript still knows of. */
  getNumOfTFTensors(): number;
}

/** What the backend needs to know of an input whose value already lies in the native library. */
export interface HeldTensor {
  readonly dataId: object;
}

export interface NodeBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT64: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: readonly number[], type: number, values: Int32Array): number;
}
