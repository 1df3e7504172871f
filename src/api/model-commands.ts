import type { ModelRefusal, OperatorOrder } from '../types.ts';
import type { ModelBody } from './model-schemas.ts';
import type { Timed } from './timed.ts';

type CommandResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: ModelRefusal; readonly sentence?: string };

/** One version; what is named `at` or `...At` in its card is epoch ms. */
export type ModelView = Timed<Omit<ModelBody, 'card'>> & { readonly card: object };

/**
 * What the API shows of models and may have done to them. A command that gives `ok` is on disk and in use. A retryable
 * ForewarnError means that nothing has changed and becomes 503; a refusal becomes 404 or 409 with its name.
 */
export interface ModelCommands {
  /** Classes in the order of the configuration, versions from the oldest on. */
  list(): readonly ModelView[];
  promote(id: string, order: OperatorOrder): Promise<CommandResult<ModelView>>;
  restore(id: string, order: OperatorOrder): Promise<CommandResult<ModelView>>;
  pin(id: string, order: OperatorOrder): CommandResult<ModelView>;
  unpin(id: string, order: OperatorOrder): CommandResult<ModelView>;
  /** Begins it; the status says what becomes of it. */
  retrain(className: string, withAlerted: boolean, order: OperatorOrder): CommandResult<null>;
  /** What the asset of the alert does now is its normal operation from now on. */
  acceptLevel(alertId: string, order: OperatorOrder): Promise<CommandResult<ModelView>>;
}
