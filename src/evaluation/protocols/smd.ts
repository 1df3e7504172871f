import { ForewarnError } from '../../errors.ts';
import { type DataFolder, theFile } from '../data-folder.ts';
import { type EvaluationGroup, type LabelledStream, type Protocol, regularTimes } from '../protocol.ts';
import { readNumbers } from '../table.ts';

const sampleEveryMs = 60_000;
/** The normal group: this share of a machine's training rows trains, and the rest, which is normal too, is watched. */
const normalTrainShare = 0.7;

/** Server machines (OmniAnomaly's SMD): a model a machine, trained on train/ and streamed test/ behind it. */
export const smd: Protocol = {
  name: 'smd',
  folders: ['smd', 'servermachinedataset'],
  vusWindow: 100,
  average: 'files',
  about: `each machine: train/ trains, test/ is scored, totals are means over machines; normal_far: the last 30 % of train/ with a model of the first 70 %`,
  groups(data) {
    const machines = data.find(/(?:^|\/)train\/[^/]+\.(?:csv|txt)$/).map((file) => ({
      file,
      name: file.replace(/^.*\//, '').replace(/\.\w+$/, ''),
    }));
    if (machines.length === 0) {
      throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no machine of SMD`, {
        hint: 'A machine has the files train/NAME.csv, test/NAME.csv and test_label/NAME.txt.',
      });
    }
    return machines.flatMap(({ file, name }) => [
      { name, load: () => machineGroup(data, file, name) },
      { name: `${name}/normal`, load: () => normalGroup(data, file, `${name}/normal`) },
    ]);
  },
};

function machineGroup(data: DataFolder, trainFile: string, name: string): EvaluationGroup {
  const train = numbersOf(data, trainFile);
  const testFile = theFile(data, fileOf('test', name), `test/${name}.csv`);
  const labelFile = theFile(data, fileOf('test_label', name), `test_label/${name}.txt`);
  const test = numbersOf(data, testFile);
  const [truth] = numbersOf(data, labelFile);
  const trainRows = train[0].length;
  const labels = new Uint8Array(trainRows + test[0].length);
  if (test.length !== train.length || truth.length !== test[0].length) {
    const message = `${testFile} fits neither ${trainFile} nor ${labelFile}: ${test.length} columns and ${test[0].length} rows`;
    throw new ForewarnError('EVALUATION_DATA_UNREADABLE', message);
  }
  labels.set(truth, trainRows);
  const values = train.map((column, i) => {
    const joined = new Float64Array(labels.length);
    joined.set(column);
    joined.set(test[i], trainRows);
    return joined;
  });
  return groupOf(name, { trainRows, role: 'test', values, labels });
}

function normalGroup(data: DataFolder, trainFile: string, name: string): EvaluationGroup {
  const values = numbersOf(data, trainFile);
  const rows = values[0].length;
  const labels = new Uint8Array(rows);
  return groupOf(name, { trainRows: Math.floor(normalTrainShare * rows), role: 'normal', values, labels });
}

function groupOf(
  name: string,
  stream: Pick<LabelledStream, 'trainRows' | 'role' | 'values' | 'labels'>,
): EvaluationGroup {
  const at = regularTimes(stream.labels.length, sampleEveryMs);
  return {
    name,
    channels: stream.values.map((_, i) => `dim_${i + 1}`),
    sampleEveryMs,
    streams: [{ ...stream, name, at, changepoints: null }],
  };
}

function fileOf(folder: string, name: string): RegExp {
  const literal = name.replace(/[^\w-]/g, '\\$&');
  return new RegExp(`(?:^|/)${folder}/${literal}\\.(?:csv|txt)$`);
}

function numbersOf(data: DataFolder, file: string): Float64Array[] {
  const columns = readNumbers(file, data.text(file), ',');
  if (columns.length > 0) return columns;
  throw new ForewarnError('EVALUATION_DATA_UNREADABLE', `${file} is empty`);
}
