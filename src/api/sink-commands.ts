import type { OperatorOrder } from '../types.ts';

/** What a place said to a test alert. */
export type SinkTestResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly retryable: boolean; readonly reason: string };

/** What the API may have done to the places that alerts go to. */
export interface SinkCommands {
  /** Names that can be tested. */
  names(): readonly string[];
  /**
   * Sends a test alert and its end, past all queues. `busy` while another test runs: one at a time, so that nobody can
   * flood a receiver through it.
   */
  test(name: string, order: OperatorOrder): Promise<SinkTestResult | 'no_such_sink' | 'busy'>;
}
