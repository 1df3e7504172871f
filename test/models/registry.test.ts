import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRegistry, type Registry } from '../../src/models/registry.ts';
import { plainModel, temporaryDirectory } from './support/fixtures.ts';

/** Versions 1 to `count` of class pump; gives their ids. */
function fill(registry: Registry, count: number): string[] {
  return Array.from({ length: count }, () => {
    const number = registry.nextNumber('pump');
    const model = plainModel({ number, seed: number });
    registry.save(model);
    return model.card.id;
  });
}

const numbers = (registry: Registry) => registry.list('pump').map(({ card }) => card.number);

describe('registry', () => {
  it('counts versions from 1, each class for itself, in the order of their numbers', () => {
    const registry = createRegistry(join(temporaryDirectory(), 'models'));
    expect([registry.nextNumber('pump'), registry.list('pump'), registry.champion('pump')]).toEqual([
      1,
      [],
      null,
    ]);
    fill(registry, 11);
    // As names, 10 and 11 come before 2.
    expect(numbers(registry)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect([registry.nextNumber('pump'), registry.nextNumber('press')]).toEqual([12, 1]);
  });

  it('has one champion, which a new registry on the same folder knows', () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const ids = fill(registry, 3);
    registry.promote('pump', ids[0]);
    registry.promote('pump', ids[1]);
    const again = createRegistry(directory);
    expect(again.champion('pump')?.card.id).toBe(ids[1]);
    expect(again.list('pump').map(({ champion }) => champion)).toEqual([false, true, false]);
  });

  it('changes the champion by a rename: a half written pointer changes nothing', () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const ids = fill(registry, 2);
    registry.promote('pump', ids[0]);
    writeFileSync(join(directory, 'pump', 'champion.partial'), ids[1].slice(0, 5));
    expect(registry.champion('pump')?.card.id).toBe(ids[0]);
    registry.promote('pump', ids[1]);
    expect(registry.champion('pump')?.card.id).toBe(ids[1]);
    expect(readdirSync(join(directory, 'pump'))).not.toContain('champion.partial');
  });

  it('prunes the oldest, never the champion', () => {
    const registry = createRegistry(temporaryDirectory());
    const ids = fill(registry, 6);
    registry.promote('pump', ids[1]);
    registry.prune('pump', 2);
    expect(numbers(registry)).toEqual([2, 5, 6]);
    expect(registry.champion('pump')?.card.id).toBe(ids[1]);
    registry.prune('pump', 2);
    expect(numbers(registry)).toEqual([2, 5, 6]);
    expect(registry.nextNumber('pump')).toBe(7);
    registry.prune('pump', 0);
    expect(numbers(registry)).toEqual([2]);
  });

  it('prunes around what is pinned, which a new registry on the same folder knows', () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const ids = fill(registry, 6);
    registry.promote('pump', ids[5]);
    registry.pin('pump', ids[0]);
    registry.pin('pump', ids[2]);
    registry.pin('pump', ids[2]);
    const again = createRegistry(directory);
    expect(again.list('pump').flatMap(({ card, pinned }) => (pinned ? [card.number] : []))).toEqual([1, 3]);
    again.prune('pump', 1);
    expect(numbers(again)).toEqual([1, 3, 5, 6]);
    again.unpin('pump', ids[0]);
    again.unpin('pump', 'pump-9-never');
    again.prune('pump', 0);
    expect(numbers(again)).toEqual([3, 6]);
  });

  it('removes a version with its student, but not what is in use or pinned', () => {
    const registry = createRegistry(temporaryDirectory());
    const ids = fill(registry, 4);
    registry.save(plainModel({ number: 2, seed: 102 }));
    registry.promote('pump', ids[0]);
    registry.pin('pump', ids[2]);
    for (const id of [ids[0], ids[1], ids[2], 'pump-9-never']) registry.remove('pump', id);
    expect(numbers(registry)).toEqual([1, 3, 4]);
  });

  it('loads any version, as it was saved', () => {
    const registry = createRegistry(temporaryDirectory());
    const [one] = fill(registry, 2);
    const { card, weights } = plainModel({ number: 1, seed: 1 });
    expect(registry.load('pump', one)).toMatchObject({ card, weights });
    expect(() => registry.load('pump', 'pump-9-never')).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED' }),
    );
  });

  it('counts a model and its student as one version, which stays or goes as a whole', () => {
    const registry = createRegistry(temporaryDirectory());
    const ids = fill(registry, 4);
    for (const number of [1, 2, 3]) registry.save(plainModel({ number, seed: 100 + number }));
    registry.promote('pump', ids[0]);
    expect(registry.nextNumber('pump')).toBe(5);
    registry.prune('pump', 2);
    expect(numbers(registry)).toEqual([1, 1, 3, 3, 4]);
    registry.prune('pump', 1);
    expect(numbers(registry)).toEqual([1, 1, 4]);
  });

  it('lists, numbers and prunes past damaged folders', () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const ids = fill(registry, 3);
    const damage = (name: string, text: string | null): void => {
      mkdirSync(join(directory, 'pump', name));
      if (text !== null) writeFileSync(join(directory, 'pump', name, 'model.json'), text);
    };
    damage('empty', null);
    damage('no-json', '{"card": ');
    damage('no-card', '{}');
    damage('null', 'null');
    damage('no-number', '{"card": {"id": "no-number"}}');
    damage('half.partial', readFileSync(join(directory, 'pump', ids[0], 'model.json'), 'utf8'));
    writeFileSync(join(directory, 'pump', 'notes.txt'), '');
    expect(numbers(registry)).toEqual([1, 2, 3]);
    expect(registry.nextNumber('pump')).toBe(4);
    registry.prune('pump', 1);
    expect(numbers(registry)).toEqual([3]);
  });

  it('removes nothing that only claims to be a version', () => {
    const root = temporaryDirectory();
    const directory = join(root, 'models');
    const registry = createRegistry(directory);
    const ids = fill(registry, 2);
    const pump = join(directory, 'pump');
    cpSync(join(pump, ids[1]), join(pump, 'copy-of-2'), { recursive: true });
    mkdirSync(join(root, 'precious'));
    mkdirSync(join(pump, 'evil'));
    writeFileSync(
      join(pump, 'evil', 'model.json'),
      '{"card": {"id": "../../precious", "number": 0, "className": "pump"}}',
    );
    registry.promote('pump', ids[0]);
    expect(numbers(registry)).toEqual([1, 2]);
    registry.prune('pump', 1);
    expect(readdirSync(root).toSorted()).toEqual(['models', 'precious']);
    expect(readdirSync(pump)).toContain(ids[1]);
  });

  it('refuses a champion that is gone, by name, and still lists the others', () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const ids = fill(registry, 2);
    registry.promote('pump', ids[1]);
    rmSync(join(directory, 'pump', ids[1]), { recursive: true });
    expect(() => registry.champion('pump')).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED', message: expect.stringContaining(ids[1]) }),
    );
    expect(numbers(registry)).toEqual([1]);
  });
});
