import type { Scaling, Weights } from './engine.ts';
import type { Model } from './model.ts';
import { initialWeights, type NetworkSpec } from './spec.ts';

/** A model whose weights a training may start from; cloneable. */
export interface Predecessor {
  /** Id of the version. */
  readonly model: string;
  readonly channels: readonly string[];
  readonly spec: NetworkSpec;
  readonly scaling: Scaling;
  readonly weights: Weights;
}

/** Why a training started as it did. */
export type StartReason =
  /** From the predecessor's weights. */
  | 'warm'
  | 'no_predecessor'
  | 'other_channels'
  | 'other_network'
  /** The same reading is another number to the network by now. */
  | 'other_scaling';

export interface Start {
  readonly weights: Weights;
  /** The version that the weights are of; null for random ones. */
  readonly from: string | null;
  readonly reason: StartReason;
}

/** How far a channel's centre may have moved, in the larger of both scales, and by what factor its scale. */
const mostShift = 1;
const mostFactor = 2;

/**
 * Where a training starts: from the predecessor's weights, where they fit network, channels and scaling, or from random
 * ones by the seed. Pure.
 */
export function startOf(
  order: { readonly channels: readonly string[]; readonly seed: number; readonly start?: Predecessor },
  spec: NetworkSpec,
  scaling: Scaling,
): Start {
  const { start } = order;
  const cold = (reason: StartReason): Start => ({
    weights: initialWeights(spec, order.seed),
    from: null,
    reason,
  });
  if (start === undefined) return cold('no_predecessor');
  if (start.channels.join('\n') !== order.channels.join('\n')) return cold('other_channels');
  if (!sameNetwork(start.spec, spec)) return cold('other_network');
  if (!isNear(start.scaling, scaling)) return cold('other_scaling');
  return { weights: start.weights, from: start.model, reason: 'warm' };
}

export function predecessorOf({ card, weights, scaling }: Model): Predecessor {
  return { model: card.id, channels: card.channels, spec: card.spec, scaling, weights };
}

function sameNetwork(a: NetworkSpec, b: NetworkSpec): boolean {
  const sorted = (spec: NetworkSpec) => JSON.stringify(Object.entries(spec).sort());
  return sorted(a) === sorted(b);
}

function isNear(before: Scaling, now: Scaling): boolean {
  return now.center.every((center, c) => {
    const [one, other] = [before.scale[c]!, now.scale[c]!];
    const factor = Math.max(one, other) / Math.min(one, other);
    return Math.abs(center - before.center[c]!) <= mostShift * Math.max(one, other) && factor <= mostFactor;
  });
}
