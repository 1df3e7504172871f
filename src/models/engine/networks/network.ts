import type { NetworkSpec, WeightShape } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';

/**
 * What a graph is for, as the fastest way to compute a layer depends on it: `training` uses only operators that have
 * gradients; the weights of the other two are constants of the graph.
 */
export type Form = 'training' | 'small_batch' | 'large_batch';

/** One kind of network, written forward only: its gradients are derived from the graph. */
export interface Network<Spec extends NetworkSpec> {
  /** The fields of `spec` that must be positive integers, by name. */
  sizes(spec: Spec): Readonly<Record<string, number>>;
  /** Names and shapes of the parameters, in their one fixed order. */
  weightShapes(spec: Spec): readonly WeightShape[];
  /**
   * Appends the network to the graph of its inputs. `rows` is time-major and scaled, `[T*B x C]`, first all windows'
   * first rows; the reconstruction has the same order and scale. `weights` go by the names of `weightShapes`.
   */
  reconstruct(spec: Spec, weights: NamedValues, rows: Value, form: Form): Value;
}

export type NamedValues = Readonly<Record<string, Value>>;
