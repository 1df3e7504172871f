export interface ForewarnErrorOptions {
  /** True when trying again later, unchanged, could succeed. */
  readonly retryable?: boolean;
  /** What the reader can do about it, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error class. `code` is stable and upper case (`CONFIG_INVALID`); callers decide on `code` and
 * `retryable`, never on the message.
 */
export class ForewarnError extends Error {
  override readonly name = 'ForewarnError';
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: ForewarnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.hint = options.hint;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
