import type { Alert, AlertOutcome, AlertRule, OperatorOrder, OperatorRefusal } from '../types.ts';

type CommandResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: OperatorRefusal };

/** One asset, or all of a class. */
export type ServiceSubject =
  | { readonly scope: 'asset'; readonly assetId: string }
  | { readonly scope: 'class'; readonly className: string };

/** What is shelved or out of service; times are epoch milliseconds of the wall clock. */
export interface HoldView {
  readonly kind: 'shelved' | 'out_of_service';
  readonly of:
    | ServiceSubject
    | { readonly scope: 'alarm'; readonly assetId: string; readonly rule: AlertRule };
  readonly since: number;
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
}

/**
 * What the API may have done to alerts: its only way to write. A command that gives `ok` is on disk. A retryable
 * ForewarnError means that nothing has changed and becomes 503; a refusal becomes 404 or 409 with its name.
 */
export interface AlertCommands {
  acknowledge(id: string, order: OperatorOrder): CommandResult<Alert>;
  comment(id: string, order: OperatorOrder): CommandResult<Alert>;
  assign(id: string, to: string, order: OperatorOrder): CommandResult<Alert>;
  /** What was found at the machine; null takes it back. */
  judge(id: string, outcome: AlertOutcome | null, order: OperatorOrder): CommandResult<Alert>;
  shelve(id: string, forMs: number, order: OperatorOrder): CommandResult<Alert>;
  unshelve(id: string, order: OperatorOrder): CommandResult<Alert>;
  /** Tells the step of that name, or with null the next one. */
  escalate(id: string, step: string | null, order: OperatorOrder): CommandResult<Alert>;
  takeOutOfService(of: ServiceSubject, order: OperatorOrder): CommandResult<HoldView>;
  returnToService(of: ServiceSubject, order: OperatorOrder): CommandResult<HoldView>;
  holds(): readonly HoldView[];
}
