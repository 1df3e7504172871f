import type { CommandContext } from './context.ts';

const width = 30;
/** Without a terminal a line is written only after such a step, so that a log stays readable. */
const stepWithoutTerminal = 0.25;

/** A bar on a terminal; now and then a plain line elsewhere. */
export interface Progress {
  show(what: string, share: number, detail: string): void;
  /** Finishes the bar: what is written next begins on a new line. */
  next(): void;
}

export function createProgress(context: CommandContext): Progress {
  let open = false;
  let shown = -1;
  let last = 0;
  return {
    show(what, share, detail) {
      const bounded = Math.max(0, Math.min(1, share));
      if (context.interactive) {
        if (Date.now() - last < 100) return;
        last = Date.now();
        const filled = Math.round(bounded * width);
        context.write(
          `\r\x1b[2K${what} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.round(bounded * 100)} %  ${detail}`,
        );
        open = true;
        return;
      }
      const step = Math.floor(bounded / stepWithoutTerminal);
      if (step === shown) return;
      shown = step;
      context.out(`${what}: ${Math.round(bounded * 100)} %, ${detail}`);
    },
    next() {
      if (open) context.write('\n');
      open = false;
      shown = -1;
    },
  };
}
