import type { Logger } from '../../log.ts';
import type { Clock } from '../../types.ts';
import type { Model } from '../model.ts';
import type { Registry } from '../registry.ts';
import type { Judgements } from './judgement.ts';
import { type LifeEvent, type LifeEventKind, type LifeLog, lastOfEach } from './life-log.ts';

export interface ChronicleOptions {
  readonly className: string;
  readonly registry: Registry;
  readonly life: LifeLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What becomes of the models of one class by itself, written down and logged as it happens. */
export interface Chronicle {
  note(
    kind: LifeEventKind,
    model: string | null,
    why: Pick<LifeEvent, 'reason' | 'sentence'>,
    judged?: Partial<Judgements>,
  ): void;
  /** Notes a champion that came from elsewhere: the first one, another command's, or one whose line a kill prevented. */
  noteChampion(champion: Model): void;
  /** The latest refused version stays for people to look at; older ones would push out versions worth restoring. */
  forgetRefused(but: string): void;
  /** The challenger that was last said to be tried or to wait, and of which nothing came since; null when there is none. */
  open(): { readonly kind: 'shadowing' | 'waiting'; readonly model: string } | null;
  /** The last that happened by itself. */
  last(): LifeEvent | null;
}

export function createChronicle({ className, registry, life, clock, log }: ChronicleOptions): Chronicle {
  let last: LifeEvent | null = null;
  let read = false;
  /** The champion whose line was seen to. */
  let known: string | null = null;

  const note: Chronicle['note'] = (kind, model, { reason, sentence }, judged = {}) => {
    last = { at: clock(), kind, model, reason, sentence, by: null, ...judged };
    const level = kind === 'failed' ? 'error' : 'info';
    log[level]({ class: className, model, reason }, `retraining ${kind}: ${sentence}`);
    life.add(className, last);
  };

  return {
    note,
    noteChampion({ card: { id } }) {
      if (id === known) return;
      known = id;
      const adopted = life.events(className).filter(isAdoption);
      if (adopted.at(-1)?.model === id) return;
      const first = adopted.length === 0;
      const sentence = first ? 'It is the first model of the class.' : 'It was found in use.';
      note('promoted', id, { reason: first ? 'first_model' : 'found_in_use', sentence });
    },
    forgetRefused(but) {
      const fates = lastOfEach(life.events(className));
      for (const { card } of registry.list(className))
        if (card.id !== but && fates.get(card.id)?.kind === 'refused') registry.remove(className, card.id);
    },
    open() {
      const there = new Set(registry.list(className).map(({ card }) => card.id));
      for (const [model, { kind }] of [...lastOfEach(life.events(className))].reverse())
        if ((kind === 'shadowing' || kind === 'waiting') && there.has(model)) return { kind, model };
      return null;
    },
    last() {
      if (!read) last ??= life.events(className).findLast(({ by }) => by === null) ?? null;
      read = true;
      return last;
    },
  };
}

/** Whether a version came into use by it. */
function isAdoption({ kind }: LifeEvent): boolean {
  return kind === 'promoted' || kind === 'restored' || kind === 'level_accepted';
}
