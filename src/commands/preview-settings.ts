import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { formatProblem } from '../config/problem.ts';
import { type ClassConfig, resolveConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import type { CommandContext } from './context.ts';

/** What scores and readings of the past say something about: the rest changes what is scored. */
const answerable = [
  /^alert\.(raise|clear|clear_after|for|keep_firing_for|raise_on\.(windows|of))$/,
  /^channels\..+\.(limits|deviation)\.[a-z_]+$/,
];

/**
 * The class as it would be with these settings (`PATH=VALUE`, the path within the class), checked as the whole file is.
 * @throws ForewarnError `OPTION_INVALID`
 */
export function changedClass(
  file: string,
  className: string,
  settings: readonly string[],
  context: CommandContext,
): ClassConfig {
  if (settings.length === 0)
    throw new ForewarnError('OPTION_INVALID', 'there is no setting to preview', {
      hint: 'Give one or more, such as --set alert.raise=1.3 --set channels.pressure.limits.h=8.5.',
    });
  const document = parse(readFileSync(file, 'utf8'), { maxAliasCount: 100 }) as Record<string, unknown>;
  const own = objectAt(objectAt(document, 'classes'), className);
  for (const setting of settings) {
    const { path, value } = /^(?<path>[^=]+)=(?<value>.*)$/s.exec(setting)?.groups ?? {};
    if (path === undefined || value === undefined)
      throw new ForewarnError('OPTION_INVALID', `--set ${setting} names no value`, {
        hint: 'Write it like alert.raise=1.3.',
      });
    if (!answerable.some((shape) => shape.test(path)))
      throw new ForewarnError('OPTION_INVALID', `the history cannot tell what ${path} would change`, {
        hint: 'It can of alert.raise, clear, raise_on.windows, raise_on.of, for, clear_after and keep_firing_for, and of channels.NAME.limits and channels.NAME.deviation. Settings of score and train come into force with the next training: see `forewarn tune`.',
      });
    put(own, path, parse(value) as unknown);
  }
  const { config, problems } = resolveConfig(document, { env: context.env, baseDir: dirname(resolve(file)) });
  const found = config?.classes.find(({ name }) => name === className);
  if (found !== undefined) return found;
  throw new ForewarnError('OPTION_INVALID', problems.map(formatProblem).join('\n'));
}

/** A channel's name may hold dots: what is in front of `limits` or `deviation` is the name. */
function put(own: Record<string, unknown>, path: string, value: unknown): void {
  const channel = /^channels\.(?<name>.+)\.(?<section>limits|deviation)\.(?<option>[a-z_]+)$/.exec(
    path,
  )?.groups;
  const steps =
    channel === undefined ? path.split('.') : ['channels', channel.name!, channel.section!, channel.option!];
  const last = steps.pop()!;
  if (channel !== undefined && !Object.hasOwn(objectAt(own, 'channels'), channel.name!))
    throw new ForewarnError('OPTION_INVALID', `the class has no channel ${channel.name!}`, {
      hint: `One of ${Object.keys(objectAt(own, 'channels')).join(', ')}.`,
    });
  let at = own;
  for (const step of steps) at = objectAt(at, step);
  at[last] = value;
}

/** The object of this name, made where there is none or where it stands empty. */
function objectAt(parent: Record<string, unknown>, name: string): Record<string, unknown> {
  const found = Object.hasOwn(parent, name) ? parent[name] : undefined;
  if (typeof found === 'object' && found !== null && !Array.isArray(found))
    return found as Record<string, unknown>;
  const made: Record<string, unknown> = {};
  // An own property whatever the name, `__proto__` included.
  Object.defineProperty(parent, name, { value: made, enumerable: true, configurable: true, writable: true });
  return made;
}
