import type { AlertRule } from '../../types.ts';
import { guard, type JournalDatabase, write } from '../journal-database.ts';
import type { FlapRecord, FlapStore } from './flapping.ts';

/** The table `alarm_flapping`, which is the record of it as well, and the changes that it is made of. */
export function createFlapTable(database: JournalDatabase) {
  const insert = database.prepare('INSERT INTO alarm_flapping (asset, rule, since) VALUES (?,?,?)');
  const end = database.prepare(
    'UPDATE alarm_flapping SET ended_at = ? WHERE asset = ? AND rule = ? AND ended_at IS NULL',
  );
  const selectFlapping = database.prepare(
    'SELECT asset AS assetId, rule, since FROM alarm_flapping WHERE ended_at IS NULL ORDER BY id',
  );
  const selectChanges = database.prepare(
    `SELECT alert.asset AS assetId, alert.rule AS rule, event.recorded_at AS at
     FROM alert JOIN alert_transition AS event ON event.alert_id = alert.id
     WHERE alert.updated_at >= ? AND event.recorded_at >= ? AND event.reason IN ('raised', 'resolved')
     ORDER BY event.id`,
  );
  const prunable = database.prepare(
    'DELETE FROM alarm_flapping WHERE id IN (SELECT id FROM alarm_flapping WHERE ended_at < ? LIMIT ?)',
  );

  const store: FlapStore = {
    begin: ({ assetId, rule, since }) => write(database, () => void insert.run(assetId, rule, since)),
    end: (assetId, rule, at) => write(database, () => void end.run(at, assetId, rule)),
    flapping: () => guard(() => selectFlapping.all() as FlapRecord[]),
    changes: (since) =>
      guard(() => selectChanges.all(since, since) as { assetId: string; rule: AlertRule; at: number }[]),
  };
  return { store, prune: (before: number, limit: number) => void prunable.run(before, limit) };
}
