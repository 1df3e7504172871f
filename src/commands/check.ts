import { loadConfig } from '../config.ts';
import type { CommandContext } from './context.ts';

/** Checks a configuration; throws CONFIG_INVALID with every mistake. Opens no socket. */
export function check(file: string, context: CommandContext): void {
  const config = loadConfig(file, context.env);
  const channels = config.classes.map(({ name, channels }) => `${name} (${channels.length} channels)`);
  context.out(
    `${file} is in order: ${channels.join(', ')}; ${config.webhooks.length} webhooks; state in ${config.stateDir}`,
  );
}
