import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const FILLER = 'filler';
const CHUNK = Buffer.alloc(256 * 1024);

/** A file system of that size in memory. Throws a RangeError where this user may not mount. */
export function mountSmallDisk(folder, megabytes) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    throw new RangeError(`a small file system cannot be mounted here: ${String(error.stderr ?? error)}`);
  }
}

/** Writes a file until that share of the disk is free; until nothing more fits with 0. */
export function fillDisk(disk, freeShare) {
  const file = openSync(join(disk, FILLER), 'a');
  try {
    for (let size = CHUNK.length; size >= 1; ) {
      const { bavail, blocks } = statfsSync(disk);
      if (freeShare > 0 && bavail / blocks <= freeShare) return;
      try {
        writeSync(file, CHUNK, 0, size);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

export function freeDisk(disk) {
  rmSync(join(disk, FILLER), { force: true });
}
