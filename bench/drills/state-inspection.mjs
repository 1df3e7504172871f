// Whether all that a daemon left in its state directory can be read.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { openJournal } from '../../dist/alerts/journal.js';
import { createHistory } from '../../dist/history/history.js';
import { silentLogger } from '../../dist/log.js';
import { createRegistry } from '../../dist/models/registry.js';

/** Figures of the journal, the history, the registry and the spool, and what is wrong with them. */
export async function inspectState(stateDir, { classes }) {
  const breaches = [];
  const file = join(stateDir, 'alerts.db');
  const database = new Database(file);
  const [{ integrity_check: integrity }] = database.pragma('integrity_check');
  database.close();
  if (integrity !== 'ok') breaches.push(`the journal is damaged: ${integrity}`);
  const journal = openJournal({ file, clock: Date.now });
  const alerts = journal.counts();
  journal.close();

  const history = createHistory({
    directory: join(stateDir, 'history'),
    channelsOf: (className) => Object.keys(classes[className].channels),
    retention: { ageMs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
    clock: Date.now,
    log: silentLogger,
  });
  await history.start();
  let rows = 0;
  for (const className of Object.keys(classes))
    for (const asset of await history.read(className)) rows += asset.at.length;
  const { damaged, rows: counted } = history.stats();
  await history.stop();
  if (damaged > 0) breaches.push(`${damaged} segments of the history are damaged`);

  const champion = createRegistry(join(stateDir, 'models')).champion('pump');
  if (champion === null) breaches.push('the model in use is gone');

  const spool = join(stateDir, 'spool', 'influx');
  const lines = !existsSync(spool)
    ? []
    : readdirSync(spool).flatMap((name) =>
        readFileSync(join(spool, name), 'latin1').split('\n').slice(0, -1),
      );
  const bad = lines.filter((line) => !/^forewarn_\w+(,\S+)? .+ \d+$/.test(line)).length;
  if (bad > 0) breaches.push(`${bad} lines of the spool are cut`);
  return {
    breaches,
    figures: {
      integrity,
      alerts,
      history_rows: counted,
      rows_read: rows,
      damaged,
      spool_lines: lines.length,
    },
  };
}
