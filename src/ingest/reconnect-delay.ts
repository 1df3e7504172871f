/**
 * Milliseconds to wait before attempt number `attempt` (from 0): doubling from `firstMs` up to `maxMs`, of which
 * between half and all is taken, so that a fleet of clients does not come back to a broker all at once. `random`
 * is from 0 to 1.
 */
export function reconnectDelay(attempt: number, firstMs: number, maxMs: number, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.max(1, Math.round(ceiling * (0.5 + 0.5 * random)));
}
