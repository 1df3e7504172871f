import { ForewarnError } from '../errors.ts';

interface BatadalScore {
  /** `(timeToDetection + classification) / 2`; flagging every row gives .75, flagging none .25. */
  readonly score: number;
  /** S_TTD: 1 minus the mean over attacks of (time to the first flag inside it) / (its length), 1 if missed. */
  readonly timeToDetection: number;
  /** S_CM: mean of the true positive and the true negative rate over rows. */
  readonly classification: number;
  readonly truePositiveRate: number;
  readonly trueNegativeRate: number;
  readonly attacks: number;
  readonly detectedAttacks: number;
}

/**
 * The score of the Battle of the Attack Detection Algorithms (Taormina et al., J. Water Resour. Plann. Manage.
 * 144(8), 2018), which weighs how early and how cleanly attacks are seen. `labels` and `flags` are 1 in an attack
 * and where a row is flagged, `[rows]` at an even step. Throws `EVALUATION_INVALID` where the lengths differ or
 * where the labels have no attack or nothing but attacks, since the score is not defined there.
 */
export function scoreBatadal(labels: Uint8Array, flags: Uint8Array): BatadalScore {
  if (labels.length !== flags.length) {
    throw new ForewarnError('EVALUATION_INVALID', `${labels.length} labels for ${flags.length} flags`);
  }
  const attackRows = labels.reduce((sum, label) => sum + Number(label !== 0), 0);
  if (attackRows === 0 || attackRows === labels.length) {
    throw new ForewarnError('EVALUATION_INVALID', 'BATADAL needs rows with and rows without an attack');
  }

  let trueAlarms = 0;
  let falseAlarms = 0;
  let attacks = 0;
  let detectedAttacks = 0;
  let lateness = 0;
  for (let row = 0; row < labels.length; ) {
    if (labels[row] === 0) {
      falseAlarms += Number(flags[row] !== 0);
      row++;
      continue;
    }
    const start = row;
    let firstFlag = -1;
    for (; row < labels.length && labels[row] !== 0; row++) {
      if (flags[row] === 0) continue;
      trueAlarms++;
      if (firstFlag === -1) firstFlag = row;
    }
    attacks++;
    if (firstFlag !== -1) detectedAttacks++;
    lateness += firstFlag === -1 ? 1 : (firstFlag - start) / (row - start);
  }

  const truePositiveRate = trueAlarms / attackRows;
  const trueNegativeRate = 1 - falseAlarms / (labels.length - attackRows);
  const timeToDetection = 1 - lateness / attacks;
  const classification = (truePositiveRate + trueNegativeRate) / 2;
  return {
    score: (timeToDetection + classification) / 2,
    timeToDetection,
    classification,
    truePositiveRate,
    trueNegativeRate,
    attacks,
    detectedAttacks,
  };
}
