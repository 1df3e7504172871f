import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openDataFolder } from '../../dist/evaluation/data-folder.js';
import { skab } from '../../dist/evaluation/protocols/skab.js';
import { smd } from '../../dist/evaluation/protocols/smd.js';

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const protocols = { skab, smd };
/** Of the training rows, the earliest; the rest is held out. */
const fitShare = 0.75;
export const sampleEveryMs = 1000;

/**
 * The labelled files of the data sets `names`, at most `most` of each, cut as `forewarn evaluate` cuts them; a line on
 * stderr for each data set that is absent. Times are made up: rows count, not the jitter of their stamps.
 */
export function* labelledRecordings(names = Object.keys(protocols), most = Number.POSITIVE_INFINITY) {
  const unknown = names.find((name) => !Object.hasOwn(protocols, name));
  if (unknown !== undefined) {
    throw new RangeError(`--sets: no data set ${unknown}; there are ${Object.keys(protocols).join(', ')}`);
  }
  for (const name of names) {
    if (!existsSync(folder + name)) {
      console.error(`left out, absent: ../shared/data/${name}`);
      continue;
    }
    let given = 0;
    for (const group of protocols[name].groups(openDataFolder(folder + name, [name]), Date.parse)) {
      if (given >= most) break;
      // Further groups are of normal rows only.
      const stream = group.load().streams.find(({ role }) => role === 'test');
      if (stream === undefined) continue;
      given++;
      yield recordingOf(name, group.name, stream);
    }
  }
}

function recordingOf(dataSet, name, { values: columns, labels, trainRows }) {
  const channels = columns.length;
  const values = new Float32Array(labels.length * channels);
  for (const [channel, column] of columns.entries()) {
    for (let row = 0; row < column.length; row++) values[row * channels + channel] = column[row];
  }
  const rows = {
    assetId: name,
    at: Float64Array.from(labels, (_, row) => row * sampleEveryMs),
    values,
    measured: Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1)),
  };
  const fitRows = Math.floor(fitShare * trainRows);
  return {
    dataSet,
    name,
    channels,
    rows,
    labels,
    trainRows,
    fitRows,
    vusWindow: protocols[dataSet].vusWindow,
  };
}

/** Rows `[from, to)` of a recording's rows. */
export function slice({ assetId, at, values, measured }, channels, from, to) {
  return {
    assetId,
    at: at.subarray(from, to),
    values: values.subarray(from * channels, to * channels),
    measured: measured.subarray(from * channels, to * channels),
  };
}
