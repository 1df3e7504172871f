/*
 * One channel, row after row: a level that follows the readings, how far they usually miss it, and how far the level has
 * been. Exponential smoothing made robust after Gelper, Fried and Croux (2010), "Robust forecasting with exponential and
 * Holt-Winters smoothing": a reading is pulled in to 2 spreads of what was forecast before it moves the level, and the
 * spread itself is an exponentially weighted tau scale, which one wild reading hardly moves.
 *
 * A channel's state is `watchSize` numbers of an array, from `at` on, all 0 at first.
 */

export const watchSize = 11;

const LEVEL = 0;
/** Usual error of the forecast of one row, in the channel's unit. */
const SPREAD = 1;
/** Lowest and highest level so far. */
const LOW = 2;
const HIGH = 3;
const SEEN = 4;
const LAST = 5;
/** Share of the readings, lately, that were not the reading before. */
const CHANGED = 6;
/** Running mean of the scores. */
const SCORE = 7;
/** How many unusual readings there have been in a row, and their mean. */
const HELD = 8;
const OUTER = 9;
/** Rows for which it still counts as having moved. */
const MOVING = 10;

/** Weight of the newest reading in the level: what moves over many rows, as in a warm-up, is followed. */
const levelWeight = 0.3;
const spreadWeight = 0.05;
/** Readings further out than so many spreads move the level by no more than that (Huber's psi); of the authors. */
const pull = 2;
/** Makes the tau scale one standard deviation on normal errors; of the authors. */
const tauFactor = 2.52;
/** Of the first readings the plain mean and deviation count: there is no spread yet to be robust with. */
const plainReadings = 8;
/** Below it a channel stands still, as a switch or a set-point does, and has no spread to judge by. */
const leastChanged = 0.3;
const changedWeight = 0.02;
/** Score 1 takes a jump of so many spreads within a few rows, to so many extents beyond all that the level has been. */
const farJump = 8;
const farOut = 1;
/** The noise about the level, in spreads, as part of the extent. */
const noiseExtent = 4;
/** A spread is at least this part of the way from the lowest to the highest level: readings can sit on plateaus. */
const leastSpread = 0.01;
/** What the channel did for so many readings and then came back from by itself has been told, and is not told again. */
const toldReadings = 3;
/** What has lasted for so many readings (half an hour of seconds) is how the channel is from then on. */
const longestHeld = 1800;
/** Weight of the newest score in the running mean: one wild reading, or a few in a transition, are no fault. */
const scoreWeight = 0.1;
/** From this score on a channel moves, in whatever way; noise hardly ever goes as far. */
const movesFrom = 0.3;
/** What moves within so many rows moves together: a drive takes its time, and channels lag. */
const togetherRows = 20;
/** One reading's score counts for no more than this in the running mean. */
const greatestScore = 3;

/** Whether the channel moves enough to be judged. */
export function isJudged(watch: Float64Array, at: number): boolean {
  return watch[at + SEEN] >= plainReadings && watch[at + CHANGED] >= leastChanged && spreadOf(watch, at) > 0;
}

/** The score of one reading by what came before it: 1 is as far as an operator should hear of. */
export function judgeReading(watch: Float64Array, at: number, value: number): number {
  if (!isJudged(watch, at)) return 0;
  const low = watch[at + LOW];
  const high = watch[at + HIGH];
  const spread = spreadOf(watch, at);
  const jump = Math.abs(value - watch[at + LEVEL]) / (farJump * spread);
  const beyond = Math.max(0, value - high, low - value) / (farOut * (high - low + noiseExtent * spread));
  return Math.min(jump, beyond);
}

/** Notes a score; gives whether the channel has begun to move within the last rows. */
export function noteMove(watch: Float64Array, at: number, score: number): boolean {
  watch[at + MOVING] = score >= movesFrom ? togetherRows : Math.max(0, watch[at + MOVING] - 1);
  return watch[at + MOVING] > 0;
}

/** Whether the channel is away for longer than anything takes that moves together. */
export function isAway(watch: Float64Array, at: number): boolean {
  return watch[at + HELD] > togetherRows;
}

/** Takes a reading in; one that is `held` is unusual, and teaches nothing until that has lasted very long. */
export function learnReading(watch: Float64Array, at: number, value: number, held: boolean): void {
  const seen = watch[at + SEEN];
  if (seen === 0) anchorReading(watch, at, value);
  else if (held) holdReading(watch, at, value);
  else followReading(watch, at, value, seen);
}

function followReading(watch: Float64Array, at: number, value: number, seen: number): void {
  const error = value - watch[at + LEVEL];
  const changed = value === watch[at + LAST] ? 0 : 1;
  if (seen < plainReadings) {
    watch[at + CHANGED] += (changed - watch[at + CHANGED]) / seen;
    watch[at + SPREAD] = Math.sqrt(watch[at + SPREAD] ** 2 + (error ** 2 - watch[at + SPREAD] ** 2) / seen);
    watch[at + LEVEL] += error / (seen + 1);
  } else {
    const spread = spreadOf(watch, at);
    const pulled = spread === 0 ? error : Math.max(-pull * spread, Math.min(pull * spread, error));
    watch[at + CHANGED] += changedWeight * (changed - watch[at + CHANGED]);
    watch[at + LEVEL] += levelWeight * pulled;
    if (spread > 0) watch[at + SPREAD] = nextSpread(spread, error);
    if (watch[at + HELD] > 0) release(watch, at);
  }
  take(watch, at, value);
}

/** Whether it changed does not count either: a sensor that died stands still, and must not be let off for that. */
function holdReading(watch: Float64Array, at: number, value: number): void {
  watch[at + HELD]++;
  watch[at + OUTER] += (value - watch[at + OUTER]) / watch[at + HELD];
  if (watch[at + HELD] >= longestHeld) {
    release(watch, at);
    anchorReading(watch, at, value);
  } else take(watch, at, value);
}

/** Takes the reading as the new level at once: the machine runs at another point from here on. */
export function anchorReading(watch: Float64Array, at: number, value: number): void {
  if (watch[at + SEEN] === 0) {
    watch[at + LOW] = value;
    watch[at + HIGH] = value;
  }
  watch[at + LEVEL] = value;
  take(watch, at, value);
}

/** Moves the running mean of the scores on and gives it. */
export function smoothScore(watch: Float64Array, at: number, score: number): number {
  watch[at + SCORE] += scoreWeight * (Math.min(greatestScore, score) - watch[at + SCORE]);
  return watch[at + SCORE];
}

export function smoothedScore(watch: Float64Array, at: number): number {
  return watch[at + SCORE];
}

/** What the channel is expected to read; NaN before the first reading. */
export function expectedReading(watch: Float64Array, at: number): number {
  return watch[at + SEEN] === 0 ? Number.NaN : watch[at + LEVEL];
}

/** The end of a stretch of unusual readings. */
function release(watch: Float64Array, at: number): void {
  if (watch[at + HELD] >= toldReadings) {
    watch[at + LOW] = Math.min(watch[at + LOW], watch[at + OUTER]);
    watch[at + HIGH] = Math.max(watch[at + HIGH], watch[at + OUTER]);
  }
  watch[at + HELD] = 0;
  watch[at + OUTER] = 0;
}

function take(watch: Float64Array, at: number, value: number): void {
  watch[at + SEEN]++;
  watch[at + LAST] = value;
  watch[at + LOW] = Math.min(watch[at + LOW], watch[at + LEVEL]);
  watch[at + HIGH] = Math.max(watch[at + HIGH], watch[at + LEVEL]);
}

function spreadOf(watch: Float64Array, at: number): number {
  return Math.max(watch[at + SPREAD], leastSpread * (watch[at + HIGH] - watch[at + LOW]));
}

/** One step of the tau scale: the square of an error beyond `pull` spreads counts as no more than `tauFactor` spreads squared. */
function nextSpread(spread: number, error: number): number {
  const far = Math.min(1, Math.abs(error) / (pull * spread));
  const bounded = tauFactor * (1 - (1 - far ** 2) ** 3);
  return spread * Math.sqrt(1 + spreadWeight * (bounded - 1));
}
