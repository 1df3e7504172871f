import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboards, textOf } from '../../deploy/grafana/src/dashboards.ts';
import { filled, panelsOf, queriesOf, variablesOf } from './grafana-queries.ts';

const folder = new URL('../../deploy/grafana/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, folder), 'utf8');
const made = dashboards();

describe('Grafana dashboards', () => {
  it('are in step with their source (npm run dashboards)', () => {
    const files = readdirSync(new URL('dashboards/', folder)).sort();
    expect(files).toEqual([...made.keys()].sort());
    for (const file of files) expect(read(`dashboards/${file}`), file).toBe(textOf(made.get(file)!));
  });

  it('have an address of their own each, and are linked to by it', () => {
    const uids = [...made.values()].map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(4);
    const linked = [...made.values()].flatMap((page) =>
      [...textOf(page).matchAll(/\/d\/([\w-]+)\?/g)].map(([, uid]) => uid),
    );
    expect(linked).not.toHaveLength(0);
    expect(uids).toEqual(expect.arrayContaining(linked));
  });

  it('ask the provisioned sources only', () => {
    const { datasources } = parse(read('provisioning/datasources/forewarn.yaml')) as {
      datasources: { uid: string }[];
    };
    const asked = new Set([...made.values()].flatMap(queriesOf).map(({ source }) => source));
    expect([...asked].sort()).toEqual(datasources.map(({ uid }) => uid).sort());
  });

  it.each([...made])(
    '%s has panels that do not cover each other, each with an id and a description',
    (_, page) => {
      const panels = panelsOf(page);
      const taken = new Set<string>();
      for (const { title, gridPos, description } of panels) {
        expect(description, title).toBeTruthy();
        const { x, y, w, h } = gridPos!;
        expect(x + w, title).toBeLessThanOrEqual(24);
        for (let column = x; column < x + w; column++) {
          for (let row = y; row < y + h; row++) {
            expect(taken, `${title} at ${column}, ${row}`).not.toContain(`${column}/${row}`);
            taken.add(`${column}/${row}`);
          }
        }
      }
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      expect(panels.every(({ id }) => (id ?? 0) > 0)).toBe(true);
    },
  );

  it.each([...made])('%s uses no variable that it does not have, and each that it has', (_, page) => {
    const names = variablesOf(page).map(({ name }) => name);
    const texts = [
      ...queriesOf(page).map(({ text }) => text),
      ...variablesOf(page).map(({ query }) => String(query)),
    ];
    const used = new Set(texts.flatMap((text) => [...text.matchAll(/\$\{(\w+):/g)].map(([, name]) => name)));
    expect([...used].sort()).toEqual([...names].sort());
  });
});

describe('filling in variables', () => {
  const time = { from: 1, to: 2, step: 10_000 };

  it('escapes values in regular expressions, and leaves what stands for all', () => {
    // biome-ignore format: one case a line
    expect(filled(`a =~ /^\${a:regex}$/ AND b =~ /^\${b:regex}$/`, { a: ['n/1', 'x.y'], b: '.*' }, time)).toBe(
      'a =~ /^(n\\/1|x\\.y)$/ AND b =~ /^.*$/',
    );
  });

  it('refuses what it does not know', () => {
    expect(() => filled(`\${a:raw}`, {}, time)).toThrow('nothing for the variable a');
    expect(() => filled('GROUP BY time($__rate)', {}, time)).toThrow('not filled in');
  });
});
