import type { CommandContext } from '../../../src/commands/context.ts';

/** What a command runs in, and the lines that it has written. */
export function recordingContext(
  env: CommandContext['env'] = {},
): CommandContext & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    env,
    signal: new AbortController().signal,
    interactive: false,
    out: (line) => void lines.push(line),
    write: () => undefined,
    lines,
  };
}
