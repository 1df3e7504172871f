import type { Random } from './random.ts';

/** The speeds that the process asks for, as shares of nominal speed. */
const operatingPoints = [0.76, 0.82, 0.88, 0.94, 1];

/** A change of load moves at least this far, so that every change shows in every load-dependent channel. */
const smallestChange = 0.1;

const shortestHoldSeconds = 60;
const longestHoldSeconds = 180;
/** Change of the set point a second when it is stepped: what the acceleration ramp of a frequency converter allows. */
const driveSlope = 0.02;
const shortestRampSeconds = 15;
const longestRampSeconds = 40;

/** The set point of one pump's speed over time: held, then stepped or ramped to another operating point. */
export interface LoadProfile {
  /** Present set point, as a share of nominal speed. */
  readonly setPoint: number;
  /** Moves on by `seconds` and returns the new set point. */
  advance(seconds: number): number;
}

/** A load that changes every 60 to 180 s: half of the times as fast as the drive goes, else over 15 to 40 s. */
export function createLoadProfile(random: Random): LoadProfile {
  let setPoint = pick(operatingPoints);
  let target = setPoint;
  let slope = driveSlope;
  // The first change comes anywhere within a hold, so that the pumps of a plant do not change in chorus.
  let untilChange = between(0, longestHoldSeconds);

  function pick(points: readonly number[]): number {
    return points[Math.floor(random.uniform() * points.length)];
  }

  function between(low: number, high: number): number {
    return low + (high - low) * random.uniform();
  }

  function change(): void {
    target = pick(operatingPoints.filter((point) => Math.abs(point - setPoint) > smallestChange));
    const ramped = random.uniform() < 0.5;
    const rampSeconds = between(shortestRampSeconds, longestRampSeconds);
    slope = ramped ? Math.abs(target - setPoint) / rampSeconds : driveSlope;
    untilChange = between(shortestHoldSeconds, longestHoldSeconds);
  }

  return {
    get setPoint() {
      return setPoint;
    },
    advance(seconds) {
      untilChange -= seconds;
      if (untilChange <= 0) change();
      const reach = slope * seconds;
      if (target > setPoint) setPoint = Math.min(target, setPoint + reach);
      else if (target < setPoint) setPoint = Math.max(target, setPoint - reach);
      return setPoint;
    },
  };
}
