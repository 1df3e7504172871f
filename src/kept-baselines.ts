import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from './errors.ts';
import type { Logger } from './log.ts';
import { replaceDurably } from './models/artefact.ts';
import type { Baselines } from './models/decision/moving-baseline.ts';
import type { Scorer } from './models/scorer.ts';

/** Baselines that move, from one run of the daemon to the next. */
export interface KeptBaselines {
  /** Null where none were kept of this model, or where they cannot be read, which is logged. */
  of(className: string, model: string): Baselines | null;
  /** Does not throw: what cannot be written is logged, and the next time is another try. */
  save(className: string, kept: { readonly model: string; readonly moved: Baselines }): void;
}

/** Saves those of every class. */
export function keepBaselines(
  kept: Pick<KeptBaselines, 'save'>,
  lines: ReadonlyMap<string, { readonly scorer: Pick<Scorer, 'baselines'> }>,
): void {
  for (const [name, { scorer }] of lines) {
    const moved = scorer.baselines();
    if (moved !== null) kept.save(name, moved);
  }
}

/** Float32 in the machine's byte order, which does not change between two runs on it. */
interface File {
  readonly model: string;
  readonly assets: Readonly<Record<string, readonly string[]>>;
}

/** In `directory`, a file a class. A file is whole or as it was before, also after a kill. */
export function createKeptBaselines(directory: string, log: Logger): KeptBaselines {
  const pathOf = (className: string) => join(directory, `${className}.json`);
  return {
    of(className, model) {
      const path = pathOf(className);
      if (!existsSync(path)) return null;
      try {
        const file = JSON.parse(readFileSync(path, 'utf8')) as File;
        return file.model === model ? decoded(file) : null;
      } catch (error) {
        log.warn({ path, error: messageOf(error) }, 'kept baselines cannot be read; they start anew');
        return null;
      }
    },
    save(className, { model, moved }) {
      const path = pathOf(className);
      const assets = Object.fromEntries([...moved].map(([id, offsets]) => [id, offsets.map(encoded)]));
      try {
        mkdirSync(directory, { recursive: true });
        replaceDurably(path, Buffer.from(JSON.stringify({ model, assets } satisfies File)));
      } catch (error) {
        log.warn({ path, error: messageOf(error) }, 'baselines cannot be kept');
      }
    },
  };
}

function encoded({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function decoded({ assets }: File): Baselines {
  return new Map(
    Object.entries(assets).map(([id, offsets]) => [
      id,
      offsets.map((text) => {
        const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
        return new Float32Array(bytes.buffer);
      }),
    ]),
  );
}
