import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, saveModel, syncDirectory, writeDurably } from './artefact.ts';
import type { Model, ModelCard } from './model.ts';

/** A model as the registry lists it. */
export interface RegisteredModel {
  readonly card: ModelCard;
  readonly champion: boolean;
}

/**
 * Model versions on disk, one folder a class: `CLASS/ID/` for each version and the file `CLASS/champion` with the id
 * in use. Versions are immutable; the champion changes by one atomic rename.
 */
export interface Registry {
  /** The number for the class's next version: one above the highest that exists. */
  nextNumber(className: string): number;
  save(model: Model): void;
  promote(className: string, id: string): void;
  /** The version in use, or null. Throws MODEL_MALFORMED when its files are damaged. */
  champion(className: string): Model | null;
  list(className: string): RegisteredModel[];
  /**
   * Removes the oldest versions beyond `keep`, the champion not counted and never removed. A model and its student have
   * one number and are one version: they stay and go together.
   */
  prune(className: string, keep: number): void;
}

export function createRegistry(directory: string): Registry {
  const folder = (className: string) => join(directory, className);
  const pointer = (className: string) => join(folder(className), 'champion');

  const championId = (className: string): string | null => {
    const path = pointer(className);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
  };

  const cards = (className: string): ModelCard[] => {
    if (!existsSync(folder(className))) return [];
    return readdirSync(folder(className), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => readCard(folder(className), entry.name))
      .sort((a, b) => a.number - b.number);
  };

  return {
    nextNumber: (className) => Math.max(0, ...cards(className).map(({ number }) => number)) + 1,
    save(model) {
      mkdirSync(folder(model.card.className), { recursive: true });
      saveModel(join(folder(model.card.className), model.card.id), model);
    },
    promote(className, id) {
      const partial = `${pointer(className)}.partial`;
      writeDurably(partial, Buffer.from(`${id}\n`));
      renameSync(partial, pointer(className));
      syncDirectory(folder(className));
    },
    champion(className) {
      const id = championId(className);
      return id === null ? null : loadModel(join(folder(className), id));
    },
    list(className) {
      const champion = championId(className);
      return cards(className).map((card) => ({ card, champion: card.id === champion }));
    },
    prune(className, keep) {
      const champion = championId(className);
      const all = cards(className);
      const inUse = all.find(({ id }) => id === champion)?.number;
      const others = [...new Set(all.map(({ number }) => number))].filter((number) => number !== inUse);
      const old = new Set(others.slice(0, Math.max(0, others.length - keep)));
      for (const { id } of all.filter(({ number }) => old.has(number))) {
        rmSync(join(folder(className), id), { recursive: true, force: true });
      }
    },
  };
}

/**
 * The card alone; a folder without a readable one is left out, since listing must survive a damaged version. So is a
 * folder with another version's id, half written (`ID.partial`) or a copy: pruning by id would remove the original.
 */
function readCard(directory: string, id: string): ModelCard[] {
  try {
    const file = JSON.parse(readFileSync(join(directory, id, 'model.json'), 'utf8')) as { card: ModelCard };
    return file.card.id === id && Number.isInteger(file.card.number) ? [file.card] : [];
  } catch {
    return [];
  }
}
