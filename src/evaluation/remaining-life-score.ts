import { ForewarnError } from '../errors.ts';

interface RemainingLifeScore {
  readonly rmse: number;
  /** Sum of the penalties over machines: not comparable between sets of different size. */
  readonly score: number;
}

/**
 * RMSE and the PHM08 score (Saxena, Goebel, Simon, Eklund, PHM 2008) of one prediction of remaining life for each
 * machine, in cycles. With `capActualAt` the true lives are cut there first, as some papers do (at 125) and some
 * do not: papers with the one and the other are not comparable, so every report names it; null leaves them as they
 * are. Predictions are never cut. Throws `EVALUATION_INVALID` where the lengths differ or are 0.
 */
export function scoreRemainingLife(
  predicted: Float64Array,
  actual: Float64Array,
  capActualAt: number | null,
): RemainingLifeScore {
  if (predicted.length !== actual.length || actual.length === 0) {
    const message = `${predicted.length} predictions for ${actual.length} machines`;
    throw new ForewarnError('EVALUATION_INVALID', message);
  }
  let squares = 0;
  let score = 0;
  for (let machine = 0; machine < actual.length; machine++) {
    const error = predicted[machine] - Math.min(actual[machine], capActualAt ?? Infinity);
    squares += error * error;
    score += penaltyOf(error);
  }
  return { rmse: Math.sqrt(squares / actual.length), score };
}

/** Promising more life than there is costs more (scale 10) than promising less (scale 13). */
function penaltyOf(error: number): number {
  return Math.exp(error < 0 ? -error / 13 : error / 10) - 1;
}
