import { productFlops } from './matrix-product.mjs';
import { flopsPerWindow, networks } from './network.mjs';
import { median, quantile } from './quantiles.mjs';

/** A training step counts as the forward pass and the two gradients of each of its products. */
const passes = { predict: 1, train: 3 };

/** One record for each network, engine, task and batch; times and rates are medians of the rounds. */
export function recordsOf(phases, creations) {
  const records = phases.flatMap(phaseRecords);
  for (const record of records) {
    if (record.network !== 'reference') continue;
    for (const { engine, task, window, durations } of creations) {
      if (record.engine === engine && record.task === task)
        record[`session_creation_t${window}_ms`] = round(median(durations), 1);
    }
  }
  return records;
}

function phaseRecords({ network, task, subjects, productRounds }) {
  const spec = networks[network];
  // Rates of both sides by the mean, and compared round by round, so that the load of the machine falls on both alike.
  const productRates = productRounds.map((durations) => (1000 * productFlops) / mean(durations));
  const rowOf = (engine, batch, method, together) => {
    const rows = subjects.find((subject) => subject.engine === engine)?.rows ?? [];
    return rows.find(
      ({ what }) => what.batch === batch && what.method === method && what.together > 1 === together,
    );
  };
  const rateIn = (row) =>
    row === undefined
      ? null
      : median(row.rounds.map((durations) => (1000 * row.what.batch) / mean(durations)));
  /** As the daemon calls it, where that differs from one call after the other. */
  const fastest = (engine, batch) =>
    rowOf(engine, batch, 'score', true) ?? rowOf(engine, batch, 'score', false);
  const rateOf = (engine, batch) => rateIn(fastest(engine, batch));
  const ratio = (rate, other) => (other === null ? null : round(rate / other, 2));
  return subjects.flatMap(({ engine, rows, creationMs, peakMemoryMb, both }) =>
    rows
      .filter(({ what }) => what.method === 'score' && what.together === 1)
      .map((row) => {
        const { batch } = row.what;
        const rate = rateOf(engine, batch);
        const byDefault = rateIn(rowOf(engine, batch, 'scoreByDefault', false));
        const flops = 1000 * batch * passes[task] * flopsPerWindow(spec);
        const { rounds, what } = fastest(engine, batch);
        const shares = rounds.map((durations, round) => flops / mean(durations) / productRates[round]);
        return {
          network,
          engine,
          task,
          batch,
          windows_per_s: shownRate(rate),
          ratio_to_tfjs_wasm: ratio(rate, rateOf('tfjs-wasm', batch)),
          ratio_to_tfjs_node: ratio(rate, rateOf('tfjs-node', batch)),
          batches_under_way: what.together,
          windows_per_s_one_batch_at_a_time: shownRate(rateIn(row)),
          // Stock layers only: by `predict` as documented, which cuts the batch into 32 windows at a time.
          ...(byDefault === null ? {} : { windows_per_s_by_default: shownRate(byDefault) }),
          share_of_matmul: round(median(shares), 4),
          p50_ms: round(median(row.rounds.map((durations) => quantile(durations, 0.5))), 3),
          p99_ms: round(median(row.rounds.map((durations) => quantile(durations, 0.99))), 3),
          rounds: row.rounds.length,
          matmul_gflops: round(median(productRates) / 1e9, 1),
          mflop_per_window: (passes[task] * flopsPerWindow(spec)) / 1e6,
          peak_memory_mb: peakMemoryMb,
          // Of the later ones; the first of a process also loads the runtime.
          session_creation_ms: round(median(creationMs.slice(-Math.max(1, creationMs.length - 1))), 1),
          first_session_creation_ms: round(creationMs[0], 1),
          ...(both === undefined ? {} : whileBoth(both)),
        };
      }),
  );
}

function whileBoth(both) {
  return {
    score_while_training_p50_ms: round(median(both.map(({ durations }) => quantile(durations, 0.5))), 3),
    score_while_training_p99_ms: round(median(both.map(({ durations }) => quantile(durations, 0.99))), 3),
    event_loop_delay_p99_ms: round(median(both.map(({ delayP99Ms }) => delayP99Ms)), 3),
  };
}

const columns = [
  ['network', 'network'],
  ['task', 'task'],
  ['engine', 'engine'],
  ['batch', 'batch'],
  ['windows/s', 'windows_per_s'],
  ['x wasm', 'ratio_to_tfjs_wasm'],
  ['x node', 'ratio_to_tfjs_node'],
  ['% matmul', 'share_of_matmul'],
  ['p50 ms', 'p50_ms'],
  ['p99 ms', 'p99_ms'],
  ['rounds', 'rounds'],
  ['peak MB', 'peak_memory_mb'],
  ['session ms', 'session_creation_ms'],
];

/** The records for people; the last lines are what belongs to an engine and not to a batch. */
export function formatTable(records) {
  const rows = [...records]
    .sort((a, b) => order(a).localeCompare(order(b)) || a.batch - b.batch)
    .map((record) =>
      columns.map(([, field]) => {
        if (field === 'share_of_matmul') return (100 * record[field]).toFixed(1);
        return record[field] === null ? '-' : String(record[field]);
      }),
    );
  const lines = [columns.map(([title]) => title), ...rows];
  const widths = columns.map((_, k) => Math.max(...lines.map((line) => line[k].length)));
  const table = lines.map((line) =>
    line.map((cell, k) => (k < 3 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join('  '),
  );
  return [...table, '', ...notes(records)].join('\n');
}

function order({ network, task, engine, batch }) {
  // Rows that are compared stand together.
  return `${network === 'reference' ? 0 : 1} ${task} ${String(batch).padStart(4, '0')} ${engine}`;
}

function notes(records) {
  return records.flatMap((record) => {
    const first = records.find(
      ({ network, engine, task }) =>
        network === record.network && engine === record.engine && task === record.task,
    );
    if (record !== first) return [];
    const of = `${record.network} ${record.engine} ${record.task}`;
    const lines = [];
    if (record.session_creation_t128_ms !== undefined)
      lines.push(
        `${of}: session for T 128 in ${record.session_creation_t128_ms} ms, for T 256 in ${record.session_creation_t256_ms} ms`,
      );
    const byDefault = records.filter(
      ({ network, engine, windows_per_s_by_default: rate }) =>
        network === record.network && engine === record.engine && rate !== undefined,
    );
    if (record.task === 'predict' && byDefault.length > 0)
      lines.push(
        `${of}: by the default call ${byDefault.map(({ batch, windows_per_s_by_default: rate }) => `${rate} at batch ${batch}`).join(', ')}`,
      );
    if (record.event_loop_delay_p99_ms !== undefined)
      lines.push(
        `${of}: meanwhile a single window scores in ${record.score_while_training_p50_ms} ms (p99 ${record.score_while_training_p99_ms}), event loop delay p99 ${record.event_loop_delay_p99_ms} ms`,
      );
    return lines;
  });
}

function shownRate(rate) {
  return round(rate, rate < 100 ? 1 : 0);
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
