import type { TSchema } from 'typebox';
import { ConfigFile, type SchemaNode } from './schema.ts';

/** The configuration's JSON Schema, for editors: config/forewarn.schema.json. */
export function configJsonSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...withoutRequired(ConfigFile as TSchema),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** The reference page, docs/configuration.md. */
export function configReference(): string {
  const lines = [
    '# Configuration reference',
    '',
    'Made from the schema by `npm run docs`; the annotated file is [config/forewarn.yaml](../config/forewarn.yaml).',
    'Unknown options, wrong values and impossible combinations stop Forewarn before it opens a socket, all of them named at once.',
    '',
    '| option | value | default | meaning |',
    '|---|---|---|---|',
  ];
  addRows(lines, ConfigFile as SchemaNode, '');
  return `${lines.join('\n')}\n`;
}

function addRows(lines: string[], node: SchemaNode, path: string): void {
  for (const [name, child] of childrenOf(node)) {
    const childPath = path === '' ? name : `${path}.${name}`;
    const leaf = childrenOf(child).length === 0;
    const meaning = (child.description ?? '').replaceAll('|', '\\|');
    lines.push(
      `| \`${childPath}\` | ${leaf ? describeValue(child) : ''} | ${leaf ? defaultOf(child) : ''} | ${meaning} |`,
    );
    addRows(lines, child, childPath);
  }
}

function childrenOf(node: SchemaNode): [string, SchemaNode][] {
  const named = Object.entries(node.properties ?? {});
  const any = Object.values(node.patternProperties ?? {}).map((child): [string, SchemaNode] => [
    'NAME',
    child,
  ]);
  return [...named, ...any, ...(node.items ? childrenOf(node.items) : [])];
}

function describeValue(node: SchemaNode): string {
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.anyOf) return node.anyOf.map(describeValue).join(' or ');
  if (node.pattern?.includes('(ms|s|m|h|d)')) return 'duration';
  if (node.minimum !== undefined && node.maximum !== undefined)
    return `${node.type} ${node.minimum} to ${node.maximum}`;
  return node.type === 'string' ? 'text' : (node.type ?? '');
}

function defaultOf(node: SchemaNode): string {
  return node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
}

/** What has a default need not be written, which is not how TypeBox lists required properties. */
function withoutRequired(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map((part) => (isObject(part) ? withoutRequired(part) : part));
  const entries = Object.entries(schema as object).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'required' && Array.isArray(value)) return [];
    return [[key, isObject(value) ? withoutRequired(value) : value]];
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
