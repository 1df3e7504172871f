import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { ForewarnError, messageOf } from '../errors.ts';
import { parseIso8601 } from '../ingest/iso8601.ts';

/** A recorded CSV: N rows on N times. */
export interface Recording {
  /** Epoch ms of each row; made up from the row number when the file has no time column. */
  readonly at: Float64Array;
  readonly channels: readonly string[];
  /** One array of N values a channel; NaN where the cell is empty or no number. */
  readonly values: readonly Float64Array[];
  /** 0 or 1 a row by label column; only what the file has of the columns asked for. */
  readonly labels: Readonly<Record<string, Uint8Array>>;
  /** The asset of each row, where a column for it was asked for. */
  readonly assets?: readonly string[];
  /** Median step in ms. */
  readonly sampleEveryMs: number;
}

export interface RecordingOptions {
  readonly separator?: string;
  readonly time?: string;
  readonly channels?: readonly string[];
  readonly labels: readonly string[];
  /** Column with the id of the row's asset. */
  readonly asset?: string;
}

const separators = [';', ',', '\t', '|'];

/** Reads a CSV with a header line, gzipped when it is named `.gz`. Throws RECORDING_UNREADABLE naming what is missing and what the file has. */
export function readRecording(file: string, options: RecordingOptions): Recording {
  const { header, rows } = readTable(file, options.separator);
  const column = (name: string): string[] => {
    const index = header.indexOf(name);
    if (index < 0) throw unreadable(file, `has no column ${name}`, `Its columns are: ${header.join(', ')}.`);
    return rows.map((row) => row[index] ?? '');
  };
  const time = options.time ?? header.find((name) => isTime(column(name)));
  const at =
    time === undefined
      ? Float64Array.from(rows, (_, i) => i * 1000)
      : Float64Array.from(column(time), timeOf);
  const wrong = at.findIndex(Number.isNaN);
  if (wrong >= 0)
    throw unreadable(
      file,
      `row ${wrong + 1} has no time stamp in column ${time}`,
      'Use ISO 8601, epoch seconds or epoch milliseconds.',
    );
  const labels = options.labels.filter((name) => header.includes(name));
  const channels =
    options.channels ??
    header.filter(
      (name) => name !== time && name !== options.asset && !labels.includes(name) && isNumeric(column(name)),
    );
  if (channels.length === 0)
    throw unreadable(file, 'has no numeric column to watch', `Its columns are: ${header.join(', ')}.`);
  return {
    at,
    channels,
    values: channels.map((name) => Float64Array.from(column(name), numberOf)),
    labels: Object.fromEntries(
      labels.map((name) => [name, Uint8Array.from(column(name), (cell) => (Number(cell) > 0 ? 1 : 0))]),
    ),
    ...(options.asset === undefined ? {} : { assets: column(options.asset) }),
    sampleEveryMs: medianStep(at),
  };
}

function readTable(file: string, separator: string | undefined): { header: string[]; rows: string[][] } {
  let text: string;
  let table: string[][];
  try {
    const bytes = readFileSync(file);
    text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const firstLine = text.slice(0, text.indexOf('\n'));
    const delimiter =
      separator ??
      separators.reduce((best, one) => (count(firstLine, one) > count(firstLine, best) ? one : best));
    table = parse(text, { delimiter, bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    throw unreadable(
      file,
      messageOf(error),
      'Give a CSV file with a header line; --separator when it is an unusual one.',
    );
  }
  const [header = [], ...rows] = table;
  if (rows.length === 0)
    throw unreadable(file, 'has no rows', 'Give a CSV file with a header line and rows.');
  return { header, rows };
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function timeOf(cell: string): number {
  if (/^\d+(\.\d+)?$/.test(cell)) return Number(cell) >= 1e11 ? Number(cell) : Number(cell) * 1000;
  return parseIso8601(cell);
}

/** A column of times: it parses as dates, or rises through numbers that only epochs reach (a pressure in Pa does not). */
function isTime(cells: readonly string[]): boolean {
  const first = cells.slice(0, 100);
  if (first.every((cell) => Number.isNaN(Number(cell)) && !Number.isNaN(timeOf(cell)))) return true;
  return first.every((cell, i) => Number(cell) > 1e8 && (i === 0 || Number(cell) > Number(first[i - 1])));
}

function numberOf(cell: string): number {
  return cell === '' ? Number.NaN : Number(cell);
}

function isNumeric(cells: readonly string[]): boolean {
  return (
    cells.some((cell) => cell !== '') &&
    cells.every((cell) => cell === '' || cell.toLowerCase() === 'nan' || !Number.isNaN(Number(cell)))
  );
}

function medianStep(at: Float64Array): number {
  const steps = at
    .slice(1)
    .map((value, i) => value - at[i])
    .filter((step) => step > 0)
    .sort();
  return Math.max(1, Math.round(steps[Math.floor(steps.length / 2)] ?? 1000));
}

function unreadable(file: string, message: string, hint: string): ForewarnError {
  return new ForewarnError('RECORDING_UNREADABLE', `${file}: ${message}`, { hint });
}
