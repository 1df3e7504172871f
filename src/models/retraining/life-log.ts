import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../artefact.ts';
import type { Judgements } from './judgement.ts';

/** What happened to a class's models. */
export type LifeEventKind =
  /** No training: the rows were not fit for one. */
  | 'skipped'
  /** The training broke off. */
  | 'failed'
  | 'refused'
  /** It scores live rows beside the model in use, without alerts. */
  | 'shadowing'
  /** It has proved itself, and a person is to decide. */
  | 'waiting'
  | 'promoted'
  /** A person put it back in use. */
  | 'restored'
  /** It was made from the one before for an asset that runs at a new level. */
  | 'level_accepted'
  | 'pinned'
  | 'unpinned';

/** One line of a class's history; plain JSON. What was compared, where something was, is in it. */
export interface LifeEvent extends Partial<Judgements> {
  /** Epoch ms. */
  readonly at: number;
  readonly kind: LifeEventKind;
  /** Version that it is about; null where there is none. */
  readonly model: string | null;
  /** Stable word for why; `asked` for what a person did. */
  readonly reason: string;
  /** The same for people, as a sentence. */
  readonly sentence: string;
  /** Who did it; null for what happened by itself. */
  readonly by: string | null;
  /** For which asset and because of which alert a new level was accepted. */
  readonly level?: { readonly assetId: string; readonly alert: string };
}

/** The history of each class's models, `CLASS/history.jsonl` beside its versions. A line is on disk when `add` returns. */
export interface LifeLog {
  add(className: string, event: LifeEvent): void;
  /** Oldest first, at most the last {@link linesKept}; lines that a power cut tore are left out. */
  events(className: string): LifeEvent[];
}

/** Some years of daily retraining. */
export const linesKept = 1000;
/** The file is written anew when it is longer than kept by this many lines. */
const slack = 200;

export function createLifeLog(directory: string): LifeLog {
  const fileOf = (className: string) => join(directory, className, 'history.jsonl');

  const linesOf = (className: string): string[] => {
    const file = fileOf(className);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [''];
  };

  return {
    add(className, event) {
      mkdirSync(join(directory, className), { recursive: true });
      const file = fileOf(className);
      const lines = linesOf(className);
      if (lines.length > linesKept + slack) {
        replaceDurably(file, Buffer.from(`${lines.slice(-linesKept).join('\n')}`));
      }
      // A line that was torn has no end; what follows it begins a new one.
      const torn = lines[lines.length - 1] !== '';
      append(file, `${torn ? '\n' : ''}${JSON.stringify(event)}\n`);
    },
    events: (className) => linesOf(className).flatMap(parsed).slice(-linesKept),
  };
}

/** The last that happened to each version, whatever was pinned. */
export function lastOfEach(events: readonly LifeEvent[]): Map<string, LifeEvent> {
  const last = new Map<string, LifeEvent>();
  for (const event of events) {
    if (event.model === null || event.kind === 'pinned' || event.kind === 'unpinned') continue;
    // In the order of what happened last.
    last.delete(event.model);
    last.set(event.model, event);
  }
  return last;
}

function parsed(line: string): LifeEvent[] {
  try {
    const event = JSON.parse(line) as LifeEvent;
    return typeof event.at === 'number' && typeof event.kind === 'string' ? [event] : [];
  } catch {
    return [];
  }
}

function append(file: string, text: string): void {
  const descriptor = openSync(file, 'a', 0o640);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
