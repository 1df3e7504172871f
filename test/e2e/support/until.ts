import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `ask` gives something other than false, null or undefined, and returns it. Fails with what was waited
 * for, and with what `explain` says, when it does not in time. What `ask` throws counts as "not yet".
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  options: { readonly withinMs?: number; readonly explain?: () => string } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { withinMs = 20_000, explain } = options;
  const deadline = Date.now() + withinMs;
  let last = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined)
        return answer as Exclude<T, false | null | undefined>;
      last = '';
    } catch (error) {
      last = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${withinMs} ms in vain until ${what}${last}\n${explain?.() ?? ''}`);
    await sleep(20);
  }
}
