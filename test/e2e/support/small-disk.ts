import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './config-file.ts';

/** A file system of a few megabytes, for one test. */
export interface SmallDisk {
  readonly folder: string;
  /** Until not one byte more fits. */
  fill(): void;
  free(): void;
}

/** Null where this user may not mount. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const folder = join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  const filler = join(folder, 'filler');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  return {
    folder,
    fill() {
      const file = openSync(filler, 'a');
      const chunk = Buffer.alloc(65_536);
      for (let size = chunk.length; size >= 1; ) {
        try {
          writeSync(file, chunk, 0, size);
        } catch {
          size = Math.floor(size / 2);
        }
      }
      closeSync(file);
    },
    free: () => rmSync(filler, { force: true }),
  };
}
