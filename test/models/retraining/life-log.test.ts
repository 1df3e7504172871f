import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createLifeLog,
  type LifeEvent,
  lastOfEach,
  linesKept,
} from '../../../src/models/retraining/life-log.ts';
import { temporaryDirectory } from '../support/fixtures.ts';

const event = (at: number, changes: Partial<LifeEvent> = {}): LifeEvent => ({
  at,
  kind: 'refused',
  model: `pump-${at}`,
  reason: 'no_better',
  sentence: 'No.',
  by: null,
  ...changes,
});

describe('life log', () => {
  it('keeps events in order, each class for itself, also for the next process', () => {
    const directory = temporaryDirectory();
    const log = createLifeLog(directory);
    expect(log.events('pump')).toEqual([]);
    log.add('pump', event(1));
    log.add('press', event(2));
    log.add('pump', event(3, { by: 'ada' }));
    expect(createLifeLog(directory).events('pump')).toEqual([event(1), event(3, { by: 'ada' })]);
  });

  it('loses no more than the line that a kill tore, and goes on after it', () => {
    const directory = temporaryDirectory();
    const log = createLifeLog(directory);
    log.add('pump', event(1));
    appendFileSync(join(directory, 'pump/history.jsonl'), '{"at": 2, "kind": "prom');
    expect(log.events('pump')).toEqual([event(1)]);
    log.add('pump', event(3));
    expect(log.events('pump')).toEqual([event(1), event(3)]);
  });

  it('leaves out what is no event', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'pump'));
    writeFileSync(join(directory, 'pump/history.jsonl'), 'null\n7\n{}\n[]\n');
    expect(() => createLifeLog(directory).events('pump')).not.toThrow();
    expect(createLifeLog(directory).events('pump')).toEqual([]);
  });

  it('does not grow without end', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'pump'));
    const file = join(directory, 'pump/history.jsonl');
    writeFileSync(
      file,
      Array.from({ length: linesKept + 300 }, (_, i) => `${JSON.stringify(event(i))}\n`).join(''),
    );
    const log = createLifeLog(directory);
    log.add('pump', event(9999));
    const events = log.events('pump');
    expect(events.length).toBe(linesKept);
    expect(events.at(-1)!.at).toBe(9999);
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThanOrEqual(linesKept + 2);
  });

  it('tells the last of each version, the latest last, whatever was pinned', () => {
    const events = [
      event(1, { model: 'a', kind: 'promoted' }),
      event(2, { model: 'b', kind: 'refused' }),
      event(3, { model: 'a', kind: 'restored' }),
      event(4, { model: 'b', kind: 'pinned' }),
      event(5, { model: null, kind: 'skipped' }),
    ];
    expect([...lastOfEach(events)].map(([id, { at }]) => [id, at])).toEqual([
      ['b', 2],
      ['a', 3],
    ]);
  });
});
