import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import Value from 'typebox/value';
import { nearest, type Problem } from './problem.ts';
import { ConfigFile, type SchemaNode } from './schema.ts';
import { channelNames } from './schema-parts.ts';

// Every mistake is reported at once; TypeBox would stop at eight.
Settings.Set({ maxErrors: 1000 });

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/**
 * Fills in the defaults and lists every place where `document` does not fit the schema. `unsound` are the sections
 * (`mqtt`, `classes.pump`) with a value that cannot be used; a key too many does no harm to the others.
 */
export function validateAgainstSchema(document: unknown): {
  file: ConfigFile;
  problems: Problem[];
  unsound: ReadonlySet<string>;
} {
  const filled = withDefaults(ConfigFile as SchemaNode, document ?? {});
  const problems = new Map<string, Problem>();
  const unsound = new Set<string>();
  for (const error of Value.Errors(ConfigFile as TSchema, filled) as Iterable<SchemaError>) {
    for (const section of unsoundSections(error)) unsound.add(section);
    for (const problem of describe(error, filled)) {
      // anyOf reports each branch and then itself: one message a place is enough.
      if (!problems.has(problem.path)) problems.set(problem.path, problem);
    }
  }
  return { file: filled as ConfigFile, problems: [...problems.values()], unsound };
}

function unsoundSections({ keyword, instancePath, params }: SchemaError): string[] {
  const [section = '', name] = instancePath.split('/').slice(1).map(unescapePointer);
  if (keyword === 'boolean') return [];
  if (keyword === 'additionalProperties') {
    // A class under a name that cannot be used has no defaults.
    const names = section === 'classes' && name === undefined ? params.additionalProperties : [];
    return (names as string[]).map((each) => `classes.${each}`);
  }
  return [section === 'classes' && name !== undefined ? `classes.${name}` : section];
}

/**
 * A copy with every absent option at its default. Written here because TypeBox's own fails on records of closed
 * objects. `log:` with nothing under it is how YAML says null; people mean "the defaults".
 */
function withDefaults(node: SchemaNode, value: unknown): unknown {
  if (value === undefined || (value === null && node.type === 'object')) {
    if (node.default === undefined) return value;
    return withDefaults(node, node.type === 'object' ? {} : structuredClone(node.default));
  }
  if (Array.isArray(value)) return node.items ? value.map((item) => withDefaults(node.items!, item)) : value;
  if (typeof value !== 'object' || value === null || node.type !== 'object') return value;
  const any = Object.entries(node.patternProperties ?? {})[0];
  const filled: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const child = node.properties?.[key] ?? (any && new RegExp(any[0]).test(key) ? any[1] : undefined);
    filled[key] = child ? withDefaults(child, item) : item;
  }
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (Object.hasOwn(filled, key)) continue;
    const missing = withDefaults(child, undefined);
    if (missing !== undefined) filled[key] = missing;
  }
  return filled;
}

function describe(error: SchemaError, document: unknown): Problem[] {
  const keys = error.instancePath.split('/').slice(1).map(unescapePointer);
  const node = schemaAt(keys);
  const value = valueAt(document, keys);
  const path = keys.join('.');
  switch (error.keyword) {
    case 'boolean':
      return [];
    case 'additionalProperties':
      return (error.params.additionalProperties as string[]).map((key) =>
        unknownKey(keys, key, node, valueAt(value, [key])),
      );
    case 'required':
      return (error.params.requiredProperties as string[]).map((key) => ({
        path: [...keys, key].join('.'),
        value: undefined,
        message: 'is missing',
        mend: 'Add it.',
      }));
    case 'minProperties':
      return [{ path, value, message: 'is empty', mend: 'Give at least one entry.' }];
    default:
      return [{ path, value, message: `must be ${expectation(node, error)}`, mend: mend(node) }];
  }
}

function unknownKey(
  keys: readonly string[],
  key: string,
  node: SchemaNode | undefined,
  value: unknown,
): Problem {
  const path = [...keys, key].join('.');
  const pattern = Object.keys(node?.patternProperties ?? {})[0];
  if (pattern !== undefined) {
    const mend =
      pattern === channelNames
        ? 'Use at most 64 printable characters without a space at either end.'
        : 'Use letters, digits, `_`, `.` and `-`, starting with a letter or digit, at most 64.';
    return { path, value: key, message: 'is not a usable name', mend };
  }
  const known = Object.keys(node?.properties ?? {});
  const guess = nearest(key, known);
  const mend = guess ? `Did you mean \`${guess}\`?` : `Remove it; known here: ${known.join(', ')}.`;
  return { path, value, message: 'is not an option', mend };
}

function expectation(node: SchemaNode | undefined, error: SchemaError): string {
  if (node?.enum) return `one of ${node.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (node?.pattern?.includes('(ms|s|m|h|d)')) return 'a duration such as 500ms, 10s, 5m, 2h or 30d';
  if (node?.minimum !== undefined && node.maximum !== undefined) {
    return `${node.type === 'integer' ? 'a whole number' : 'a number'} from ${node.minimum} to ${node.maximum}`;
  }
  if (node?.pattern?.includes('embedded|'))
    return '`embedded` or an mqtt://, mqtts://, ws:// or wss:// address';
  if (node?.pattern?.startsWith('^https?')) return 'an http:// or https:// address';
  if (node?.pattern?.includes('mqtts|')) return 'an mqtt://, mqtts://, ws:// or wss:// address';
  if (node?.pattern?.includes('@')) return 'an e-mail address, with a name before it or not';
  if (node?.type === 'object') return 'a section with options of its own';
  if (node?.type === 'boolean') return 'true or false';
  if (node?.type === 'array') return 'a list';
  if (node?.type === 'string' && error.keyword === 'type') return 'text (quote it if it looks like a number)';
  return error.message.replace(/^must (be )?/, '');
}

function mend(node: SchemaNode | undefined): string {
  const value = node?.default;
  if (value === undefined || typeof value === 'object') return 'Correct it.';
  return `Correct it, or remove it for the default, ${JSON.stringify(value)}.`;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function schemaAt(keys: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = ConfigFile as SchemaNode;
  for (const key of keys) {
    const named: SchemaNode | undefined = node?.properties?.[key];
    node = named ?? Object.values(node?.patternProperties ?? {})[0] ?? node?.items;
  }
  return node;
}

function valueAt(document: unknown, keys: readonly string[]): unknown {
  let value = document;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
