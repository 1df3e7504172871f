import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AssetRows } from '../training-set.ts';
import { settingsKey, type TunedSettings } from './search-space.ts';
import type { Trial } from './trial.ts';

/**
 * The trials of a class as JSON lines, so that a search goes on where it was cut off. Each line names what it was tried
 * on, and only those of the same rows, seed and untuned settings are found again. It grows by about 2 kB a trial.
 */
export interface TrialLog {
  find(settings: TunedSettings): Trial | null;
  add(trial: Trial): void;
}

interface Line {
  /** {@link hashOf} of what is the same for all trials of a search. */
  readonly of: string;
  readonly trial: Trial;
}

export function openTrialLog(file: string, of: string): TrialLog {
  const known = new Map<string, Trial>();
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const line of text.split('\n')) {
    const read = parse(line);
    if (read?.of === of) known.set(settingsKey(read.trial.settings), read.trial);
  }
  // A line that was torn by a power cut must not take the next one with it.
  let torn = text !== '' && !text.endsWith('\n');
  return {
    find: (settings) => known.get(settingsKey(settings)) ?? null,
    add(trial) {
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, `${torn ? '\n' : ''}${JSON.stringify({ of, trial } satisfies Line)}\n`);
      torn = false;
      known.set(settingsKey(trial.settings), trial);
    },
  };
}

function parse(line: string): Line | null {
  try {
    return line === '' ? null : (JSON.parse(line) as Line);
  } catch {
    return null;
  }
}

/** SHA-256 (hex) of rows and of what is done with them, which is plain JSON. */
export function hashOf(assets: readonly AssetRows[], settings: object): string {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const { assetId, at, values, measured } of assets) {
    hash.update(JSON.stringify([assetId, at.length]));
    for (const { buffer, byteOffset, byteLength } of [at, values, measured])
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
