/** What a command may know of the process it runs in. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names this process to others that want its state directory. */
  readonly pid?: number;
  /** Aborts at SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
  /** Whether a person watches the output. */
  readonly interactive: boolean;
  /** Writes a line to standard output. */
  out(line: string): void;
  /** Writes to standard output without ending the line. */
  write(text: string): void;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
