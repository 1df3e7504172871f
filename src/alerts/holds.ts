import type { AlertRule, OperatorOrder } from '../types.ts';
import type { Withholding } from './operator-state.ts';

/** Something that keeps alerts from people, those to come included, until it is ended. Plain data. */
export interface Hold {
  readonly kind: 'shelved' | 'out_of_service';
  readonly of: HoldSubject;
  /** Wall time. */
  readonly since: number;
  /** Wall time at which it ends by itself; shelving always has one. */
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
}

/** One alarm (asset and rule), all rules of an asset, or all assets of a class. */
export type HoldSubject =
  | { readonly scope: 'alarm'; readonly assetId: string; readonly rule: AlertRule }
  | { readonly scope: 'asset'; readonly assetId: string }
  | { readonly scope: 'class'; readonly className: string };

/** What a hold may apply to. */
export interface Alarm {
  readonly assetId: string;
  readonly className: string;
  readonly rule: AlertRule;
}

export type HoldChange =
  | { readonly kind: 'begin'; readonly hold: Hold }
  | {
      readonly kind: 'end';
      readonly hold: Hold;
      readonly by: string | null;
      readonly reason: string | null;
    };

/**
 * The holds in force; a value, so that a change is made when the disk has it and not before. There are at most as many
 * as a plant has alarms: each names one that is known.
 */
export class Holds {
  readonly #byKey: ReadonlyMap<string, Hold>;

  constructor(holds: Iterable<Hold>) {
    this.#byKey = new Map(Array.from(holds, (hold) => [keyOf(hold.kind, hold.of), hold]));
  }

  get(kind: Hold['kind'], of: HoldSubject): Hold | null {
    return this.#byKey.get(keyOf(kind, of)) ?? null;
  }

  list(): readonly Hold[] {
    return [...this.#byKey.values()];
  }

  /** What people hold an alarm back for now. */
  on({ assetId, className, rule }: Alarm): Omit<Withholding, 'suppressedFor'> {
    const subjects: HoldSubject[] = [
      { scope: 'alarm', assetId, rule },
      { scope: 'asset', assetId },
      { scope: 'class', className },
    ];
    const first = (kind: Hold['kind']) =>
      subjects.map((of) => this.get(kind, of)).find((one) => one !== null);
    return {
      shelvedUntil: first('shelved')?.until ?? null,
      outOfService: first('out_of_service') !== undefined,
    };
  }

  /** These holds after the changes; a begin takes the place of one of the same kind and subject. */
  after(changes: readonly HoldChange[]): Holds {
    const next = new Map(this.#byKey);
    for (const { kind, hold } of changes) {
      if (kind === 'begin') next.set(keyOf(hold.kind, hold.of), hold);
      else next.delete(keyOf(hold.kind, hold.of));
    }
    return new Holds(next.values());
  }
}

export function concerns(of: HoldSubject, alarm: Alarm): boolean {
  if (of.scope === 'class') return of.className === alarm.className;
  return of.assetId === alarm.assetId && (of.scope === 'asset' || of.rule === alarm.rule);
}

function keyOf(kind: Hold['kind'], of: HoldSubject): string {
  const rest = of.scope === 'class' ? of.className : `${of.scope === 'alarm' ? of.rule : ''} ${of.assetId}`;
  return `${kind} ${of.scope} ${rest}`;
}

/** A hold that an order begins. */
export function holdOf(
  kind: Hold['kind'],
  of: HoldSubject,
  since: number,
  until: number | null,
  order: OperatorOrder,
): Hold {
  return { kind, of, since, until, by: order.by, reason: order.comment ?? '' };
}

/** The end that an order puts to a hold. */
export function endOf(hold: Hold, { by, comment }: OperatorOrder): HoldChange {
  return { kind: 'end', hold, by, reason: comment };
}
