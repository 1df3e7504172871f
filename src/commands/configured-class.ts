import { type ClassConfig, type Config, loadConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** A class that a command names, and the configuration that it is in. */
export interface ConfiguredClass {
  readonly config: Config;
  readonly own: ClassConfig;
}

/** Throws OPTION_INVALID, or the configuration's errors. */
export function configuredClass(className: string, file: string, context: CommandContext): ConfiguredClass {
  const config = loadConfig(file, context.env);
  const own = config.classes.find(({ name }) => name === className);
  if (own !== undefined) return { config, own };
  throw new ForewarnError('OPTION_INVALID', `${file} has no class ${className}`, {
    hint: `Its classes are: ${config.classes.map(({ name }) => name).join(', ')}.`,
  });
}
