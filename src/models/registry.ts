import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, replaceDurably, saveModel } from './artefact.ts';
import type { Model, ModelCard } from './model.ts';

/** A model as the registry lists it. */
export interface RegisteredModel {
  readonly card: ModelCard;
  readonly champion: boolean;
  /** Whether somebody wants it kept. */
  readonly pinned: boolean;
}

/**
 * Model versions on disk, one folder a class: `CLASS/ID/` for each version, and the files `CLASS/champion` with the id
 * in use and `CLASS/pinned` with the ids to keep. Versions are immutable; each file changes by one atomic rename, so
 * that a kill at any moment leaves a class with the champion from before or after.
 */
export interface Registry {
  /** The number for the class's next version: one above the highest that exists. */
  nextNumber(className: string): number;
  save(model: Model): void;
  promote(className: string, id: string): void;
  /** The version in use, or null. Throws MODEL_MALFORMED when its files are damaged. */
  champion(className: string): Model | null;
  /** Any version, whole, as it was saved. Throws MODEL_MALFORMED when its files are damaged or gone. */
  load(className: string, id: string): Model;
  list(className: string): RegisteredModel[];
  pin(className: string, id: string): void;
  unpin(className: string, id: string): void;
  /** Removes a version with its student; nothing when it is in use, pinned or gone. */
  remove(className: string, id: string): void;
  /**
   * Removes the oldest versions beyond `keep`, the champion and pinned ones not counted and never removed. A model and
   * its student have one number and are one version: they stay and go together.
   */
  prune(className: string, keep: number): void;
}

export function createRegistry(directory: string): Registry {
  const folder = (className: string) => join(directory, className);

  const read = (className: string, name: 'champion' | 'pinned'): string[] => {
    const path = join(folder(className), name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  };

  const write = (className: string, name: 'champion' | 'pinned', ids: readonly string[]): void => {
    replaceDurably(join(folder(className), name), Buffer.from(ids.map((id) => `${id}\n`).join('')));
  };

  const championId = (className: string): string | null => read(className, 'champion')[0]?.trim() ?? null;

  const cards = (className: string): ModelCard[] => {
    if (!existsSync(folder(className))) return [];
    return readdirSync(folder(className), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => readCard(folder(className), entry.name))
      .sort((a, b) => a.number - b.number);
  };

  /** Numbers of what must stay. */
  const heldNumbers = (className: string, all: readonly ModelCard[]): ReadonlySet<number> => {
    const ids = new Set([...read(className, 'pinned'), championId(className)]);
    return new Set(all.filter(({ id }) => ids.has(id)).map(({ number }) => number));
  };

  const removeNumber = (className: string, all: readonly ModelCard[], number: number): void => {
    for (const card of all)
      if (card.number === number) rmSync(join(folder(className), card.id), { recursive: true, force: true });
  };

  const load = (className: string, id: string): Model => loadModel(join(folder(className), id));

  return {
    nextNumber: (className) => Math.max(0, ...cards(className).map(({ number }) => number)) + 1,
    save(model) {
      mkdirSync(folder(model.card.className), { recursive: true });
      saveModel(join(folder(model.card.className), model.card.id), model);
    },
    promote: (className, id) => write(className, 'champion', [id]),
    champion(className) {
      const id = championId(className);
      return id === null ? null : load(className, id);
    },
    load,
    list(className) {
      const champion = championId(className);
      const pinned = new Set(read(className, 'pinned'));
      return cards(className).map((card) => ({
        card,
        champion: card.id === champion,
        pinned: pinned.has(card.id),
      }));
    },
    pin(className, id) {
      write(className, 'pinned', [...new Set([...read(className, 'pinned'), id])]);
    },
    unpin(className, id) {
      const rest = read(className, 'pinned').filter((pinned) => pinned !== id);
      write(className, 'pinned', rest);
    },
    remove(className, id) {
      const all = cards(className);
      const number = all.find((card) => card.id === id)?.number;
      if (number !== undefined && !heldNumbers(className, all).has(number))
        removeNumber(className, all, number);
    },
    prune(className, keep) {
      const all = cards(className);
      const held = heldNumbers(className, all);
      const others = [...new Set(all.map(({ number }) => number))].filter((number) => !held.has(number));
      for (const number of others.slice(0, Math.max(0, others.length - keep)))
        removeNumber(className, all, number);
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
