import { closeSync, copyFileSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { type Journal, openJournal } from '../../src/alerts/journal.ts';
import { ForewarnError } from '../../src/errors.ts';
import { alertNamed, raising, resolving, temporaryDirectory, temporaryJournal } from './support/fixtures.ts';

const clock = () => 1_700_000_000_000;

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ForewarnError)) throw error;
    expect(error.hint).toBeTruthy();
    return error.code;
  }
  return 'nothing was thrown';
}

function fill(journal: Journal, count: number): string[] {
  const ids = Array.from({ length: count }, (_, i) => `al_${String(i).padStart(3, '0')}`);
  journal.record(
    ids.map((id, i) =>
      raising(
        alertNamed(id, {
          assetId: `asset-${i}`,
          className: i % 2 === 0 ? 'pump' : 'press',
          rule: i % 5 === 0 ? 'silent' : 'anomaly',
          labels: { site: i < 3 ? 'north' : 'south', 'odd\'" name': String(i) },
          firedAt: i * 1000,
        }),
      ),
    ),
  );
  return ids;
}

describe('record', () => {
  it('keeps the alert, its history, its state and one outbox row a sink', () => {
    const journal = temporaryJournal(clock);
    const alert = alertNamed('al_1');
    journal.record([raising(alert, ['a', 'b'])]);
    expect(journal.get('al_1')).toEqual(alert);
    expect(journal.restore()).toEqual([
      { assetId: alert.assetId, rule: 'anomaly', state: raising(alert).state, alert },
    ]);
    expect(journal.outbox.head('a')?.notification).toEqual({
      idempotencyKey: 'al_1:firing:a',
      transition: 'firing',
      alert,
    });

    journal.record([resolving({ ...alert, peakScore: 4 }, 5_000, ['a', 'b'])]);
    const resolved = { ...alert, state: 'resolved', resolvedAt: 5_000, peakScore: 4 };
    expect(journal.get('al_1')).toEqual(resolved);
    expect(journal.restore()).toEqual([]);
    expect(journal.outbox.backlog('b')).toEqual({ queued: 2, dead: 0 });
    expect(journal.outbox.head('b')?.notification.alert.state).toBe('firing');
    const itself = { recordedAt: clock(), by: null, comment: null };
    expect(journal.transitions('al_1')).toEqual([
      { ...itself, at: 2_000, what: 'firing', reason: 'raised' },
      { ...itself, at: 5_000, what: 'resolved', reason: 'resolved' },
    ]);
    expect(journal.counts()).toEqual({ firing: 0, resolved: 1 });
  });

  it('writes all or nothing', () => {
    const journal = temporaryJournal(clock);
    const first = raising(alertNamed('al_1'), ['a']);
    const second = raising(alertNamed('al_2', { assetId: 'other' }), ['a']);
    expect(codeOf(() => journal.record([first, second, first]))).toBe('JOURNAL_FAILED');
    expect(journal.list().alerts).toEqual([]);
    expect(journal.restore()).toEqual([]);
    expect(journal.outbox.head('a')).toBeNull();
    journal.record([first, second]);
    expect(journal.list().alerts).toHaveLength(2);
  });

  it('refuses to rewrite evidence, even by hand', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const journal = openJournal({ file, clock });
    journal.record([raising(alertNamed('al_1'))]);
    const other = new Database(file);
    expect(() => other.exec(`UPDATE alert SET channels = '[]'`)).toThrow(/never rewritten/);
    other.exec('UPDATE alert SET peak_score = 9');
    other.close();
    expect(journal.get('al_1')?.peakScore).toBe(9);
    journal.close();
  });

  it('saves peak scores and clocks of episodes in progress', () => {
    const journal = temporaryJournal(clock);
    const entry = raising(alertNamed('al_1'));
    journal.record([entry]);
    if (entry.state.phase !== 'firing') throw new Error('not firing');
    const state = { ...entry.state, peakScore: 7, lastAt: 9_000 };
    journal.save([{ ...entry, state, alert: alertNamed('al_1', { peakScore: 7 }) }]);
    expect(journal.get('al_1')?.peakScore).toBe(7);
    expect(journal.restore()[0]?.state).toEqual(state);
  });
});

describe('list', () => {
  it('pages newest first, without gap or repetition while alerts arrive', () => {
    const journal = temporaryJournal(clock);
    const ids = fill(journal, 25);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = journal.list(cursor === null ? { limit: 10 } : { limit: 10, cursor });
      seen.push(...page.alerts.map((alert) => alert.id));
      if (cursor === null) journal.record([raising(alertNamed('al_new', { assetId: 'new' }))]);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids.toReversed());
  });

  it.each([
    [{ assetId: 'asset-3' }, ['al_003']],
    [{ className: 'press', until: 4_000 }, ['al_003', 'al_001']],
    [{ rule: 'silent' as const }, ['al_005', 'al_000']],
    [{ since: 6_000, until: 8_000 }, ['al_007', 'al_006']],
    [{ labels: { site: 'north' }, className: 'pump' }, ['al_002', 'al_000']],
    [{ labels: { 'odd\'" name': '4' } }, ['al_004']],
    [{ labels: { nothing: '4' } }, []],
    [{ state: 'resolved' as const }, []],
    [{ limit: 0 }, ['al_007']],
  ])('filters by %j', (filter, expected) => {
    const journal = temporaryJournal(clock);
    fill(journal, 8);
    expect(journal.list(filter).alerts.map((alert) => alert.id)).toEqual(expected);
  });
});

describe('a file that is locked for a moment', () => {
  it.each([
    ['delivered', (journal: Journal, id: number) => journal.outbox.delivered(id)],
    ['failed', (journal: Journal, id: number) => journal.outbox.failed(id, 'away', 1)],
    ['dead', (journal: Journal, id: number) => journal.outbox.dead(id, 'refused')],
    ['prune', (journal: Journal) => journal.prune(0)],
  ])('fails %s alone, and nothing that comes after it', (_name, act) => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal({ file, clock });
    const alert = alertNamed('al_1');
    journal.record([raising(alert, ['ops']), resolving(alert, 3_000, ['ops'])]);
    const id = journal.outbox.head('ops')?.id ?? -1;
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(codeOf(() => act(journal, id))).toBe('JOURNAL_FAILED');
    other.exec('ROLLBACK');
    other.close();
    journal.record([raising(alertNamed('al_2'))]);
    expect(journal.get('al_2')?.id).toBe('al_2');
    journal.close();
  });
});

describe('prune', () => {
  it('deletes what was resolved long ago, and never what is firing, queued or dead', () => {
    let now = 1_000_000;
    const journal = temporaryJournal(() => now);
    const alerts = ['firing', 'delivered', 'queued', 'dead', 'plain', 'young'].map((id) =>
      alertNamed(id, { assetId: id }),
    );
    const [firing, delivered, queued, dead, plain, young] = alerts;
    journal.record([
      raising(firing),
      raising(delivered, ['d']),
      raising(queued, ['q']),
      raising(dead, ['x']),
    ]);
    journal.record([raising(plain), raising(young)]);
    journal.record([delivered, queued, dead, plain].map((alert) => resolving(alert, 5_000)));
    journal.outbox.delivered(journal.outbox.head('d')?.id ?? -1);
    journal.outbox.dead(journal.outbox.head('x')?.id ?? -1, 'refused');
    now += 60_000;
    journal.record([resolving(young, 5_000)]);
    expect(journal.prune(50_000)).toBe(2);
    expect(journal.prune(50_000)).toBe(0);
    expect(journal.list().alerts.map((alert) => alert.id)).toEqual(['young', 'queued', 'firing', 'dead']);
    expect(journal.transitions('plain')).toEqual([]);
  });
});

describe('openJournal', () => {
  it('keeps everything over a restart', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const first = openJournal({ file, clock });
    first.record([raising(alertNamed('al_1'), ['a'])]);
    first.close();
    first.close();
    const second = openJournal({ file, clock });
    expect(second.list().alerts).toEqual([alertNamed('al_1')]);
    expect(second.outbox.sinksWithBacklog()).toEqual(['a']);
    second.close();
  });

  it('leaves a file that is whole by itself when it is closed', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const journal = openJournal({ file, clock });
    journal.record([raising(alertNamed('al_1'))]);
    journal.close();
    copyFileSync(file, join(directory, 'copy.db'));
    const copy = openJournal({ file: join(directory, 'copy.db'), clock });
    expect(copy.get('al_1')).not.toBeNull();
    copy.close();
  });

  it('has the alert on disk when record returns, without any close', () => {
    const directory = temporaryDirectory();
    const journal = openJournal({ file: join(directory, 'journal.db'), clock });
    journal.record([raising(alertNamed('al_1'), ['a'])]);
    for (const end of ['', '-wal']) {
      copyFileSync(join(directory, `journal.db${end}`), join(directory, `copy.db${end}`));
    }
    const copy = openJournal({ file: join(directory, 'copy.db'), clock });
    expect(copy.get('al_1')).toEqual(alertNamed('al_1'));
    copy.close();
    journal.close();
  });

  it('says what is wrong with a file that it cannot use', () => {
    const directory = temporaryDirectory();
    const garbage = join(directory, 'garbage.db');
    writeFileSync(garbage, 'this is no database '.repeat(1000));
    expect(codeOf(() => openJournal({ file: garbage, clock }))).toBe('JOURNAL_CORRUPT');
    expect(existsSync(garbage)).toBe(true);
    expect(codeOf(() => openJournal({ file: directory, clock }))).toBe('JOURNAL_UNAVAILABLE');
    expect(codeOf(() => openJournal({ file: join(directory, 'no', 'x.db'), clock }))).toBe(
      'JOURNAL_UNAVAILABLE',
    );
  });

  it('notices pages that were overwritten', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal({ file, clock });
    fill(journal, 200);
    journal.close();
    const database = new Database(file);
    const [{ page_size: pageSize }] = database.pragma('page_size') as { page_size: number }[];
    const { root } = database
      .prepare(`SELECT rootpage AS root FROM sqlite_master WHERE name = 'alert'`)
      .get() as {
      root: number;
    };
    database.close();
    overwrite(file, (root - 1) * pageSize, pageSize);
    expect(codeOf(() => openJournal({ file, clock }))).toBe('JOURNAL_CORRUPT');
  });

  it('refuses a schema of a newer version', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const database = new Database(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(codeOf(() => openJournal({ file, clock }))).toBe('JOURNAL_TOO_NEW');
  });
});

function overwrite(file: string, from: number, length: number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(length, 0x5a), 0, length, from);
  closeSync(descriptor);
}
