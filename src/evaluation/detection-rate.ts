import { ForewarnError } from '../errors.ts';

interface DetectionRate {
  /** FDR: share of the rows from the fault on that are flagged; null where the run has no fault. */
  readonly detectionRate: number | null;
  /** FAR: share of the rows before the fault that are flagged; null where the fault is there from the start. */
  readonly falseAlarmRate: number | null;
  /** Rows from the fault to the first of six flagged rows on end; null where there is no such run. */
  readonly delayRows: number | null;
}

/** Consecutive alarms that make a detection (Russell, Chiang, Braatz 2000, Chemom. Intell. Lab. Syst. 51:81-93). */
const CONSECUTIVE_ALARMS = 6;

/**
 * How the process-control literature scores the Tennessee Eastman runs: one run, normal up to `faultRow` (counted
 * from 0) and faulty from there to its end. `flags` is 1 where a row is flagged, `[rows]`; for a run without a
 * fault `faultRow` is its length. Throws `EVALUATION_INVALID` for a `faultRow` outside 0 to the length.
 */
export function scoreDetection(flags: Uint8Array, faultRow: number): DetectionRate {
  if (!Number.isInteger(faultRow) || faultRow < 0 || faultRow > flags.length) {
    throw new ForewarnError('EVALUATION_INVALID', `fault row ${faultRow} is not in 0 to ${flags.length}`);
  }
  const faulty = flags.subarray(faultRow);
  return {
    detectionRate: flaggedShare(faulty),
    falseAlarmRate: flaggedShare(flags.subarray(0, faultRow)),
    delayRows: firstRun(faulty),
  };
}

function flaggedShare(flags: Uint8Array): number | null {
  if (flags.length === 0) return null;
  let flagged = 0;
  for (const flag of flags) if (flag !== 0) flagged++;
  return flagged / flags.length;
}

function firstRun(flags: Uint8Array): number | null {
  let length = 0;
  for (let row = 0; row < flags.length; row++) {
    length = flags[row] === 0 ? 0 : length + 1;
    if (length === CONSECUTIVE_ALARMS) return row - CONSECUTIVE_ALARMS + 1;
  }
  return null;
}
