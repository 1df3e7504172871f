import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dataFolder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Path of a file in the data folder beside the project; says loudly when it is absent, so that a skip is seen. */
export function sharedFile(path: string): string | undefined {
  if (existsSync(dataFolder + path)) return dataFolder + path;
  console.warn(`SKIPPED: ../shared/data/${path} is absent, so its checks did not run`);
  return undefined;
}

/** The parsed test vectors `../shared/data/vectors/<name>.json`, in the shape the caller states. */
export function sharedVectors<T>(name: string): T | undefined {
  const path = sharedFile(`vectors/${name}.json`);
  return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'));
}

/** A 0/1 array with ones at the runs, both ends inclusive as in the vectors. */
export function flagsOfRuns(length: number, runs: readonly (readonly number[])[]): Uint8Array {
  const flags = new Uint8Array(length);
  for (const [first, last] of runs) flags.fill(1, first, last + 1);
  return flags;
}

/** A 0/1 array from a picture: `#` is 1, all else 0. */
export function flagsOf(picture: string): Uint8Array {
  return Uint8Array.from(picture, (mark) => (mark === '#' ? 1 : 0));
}
