/** Rows of one or several series, counted by truth and prediction. */
export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** All rates from 0 to 1, and 0 where the denominator is 0. */
export interface PointMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** FAR: share of the normal rows that are flagged. */
  readonly falseAlarmRate: number;
  /** MAR: share of the anomalous rows that are not flagged. */
  readonly missedAlarmRate: number;
}

/** Counts the rows of one series; both arrays are 0/1 of length n. Nothing is adjusted. */
export function confusionOf(labels: Uint8Array, predictions: Uint8Array): Confusion {
  let truePositives = 0;
  let falsePositives = 0;
  let falseNegatives = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === 1) {
      if (predictions[row] === 1) truePositives++;
      else falseNegatives++;
    } else if (predictions[row] === 1) falsePositives++;
  }
  const trueNegatives = labels.length - truePositives - falsePositives - falseNegatives;
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

/** Adds the counts of several series, as SKAB does over its files before it takes any rate. */
export function sumConfusions(confusions: readonly Confusion[]): Confusion {
  const total = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (const confusion of confusions) {
    total.truePositives += confusion.truePositives;
    total.falsePositives += confusion.falsePositives;
    total.falseNegatives += confusion.falseNegatives;
    total.trueNegatives += confusion.trueNegatives;
  }
  return total;
}

/** Precision, recall, F1 = TP / (TP + (FP + FN) / 2), FAR = FP / (FP + TN) and MAR = FN / (FN + TP). */
export function pointMetrics(confusion: Confusion): PointMetrics {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = confusion;
  return {
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(truePositives, truePositives + (falsePositives + falseNegatives) / 2),
    falseAlarmRate: ratio(falsePositives, falsePositives + trueNegatives),
    missedAlarmRate: ratio(falseNegatives, falseNegatives + truePositives),
  };
}

/**
 * Average precision (area under the precision-recall curve): the sum of (R_k - R_{k-1}) P_k over the distinct scores
 * from the highest down, without interpolation. NaN when no row is anomalous.
 */
export function averagePrecision(labels: Uint8Array, scores: Float64Array): number {
  const order = new Uint32Array(labels.length).map((_, row) => row).sort((a, b) => scores[b] - scores[a]);
  let truePositives = 0;
  let truePositivesBefore = 0;
  let sum = 0;
  for (let k = 0; k < order.length; k++) {
    truePositives += labels[order[k]];
    // Rows of equal score are flagged together: the curve has a point only after the last of them.
    if (k + 1 < order.length && scores[order[k + 1]] === scores[order[k]]) continue;
    sum += ((truePositives - truePositivesBefore) * truePositives) / (k + 1);
    truePositivesBefore = truePositives;
  }
  return sum / truePositives;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
