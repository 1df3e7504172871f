import { parse } from 'csv-parse/sync';
import { ForewarnError, messageOf } from '../errors.ts';

/** A CSV with a header line, by columns. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: number;
  has(name: string): boolean;
  /** The cells of a column. Throws `EVALUATION_DATA_UNREADABLE`, naming the columns that there are. */
  texts(name: string): readonly string[];
  /** NaN where a cell is empty or no number. */
  numbers(name: string): Float64Array;
  /** 1 where the cell is a number above 0. */
  flags(name: string): Uint8Array;
}

/** Reads a CSV with a header line; `source` names it in errors (`EVALUATION_DATA_UNREADABLE`). */
export function readTable(source: string, text: string, delimiter: string): Table {
  let cells: string[][];
  try {
    cells = parse(text, { delimiter, bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    throw unreadable(source, messageOf(cause), cause);
  }
  const [header = [], ...rows] = cells;
  const texts = (name: string): string[] => {
    const index = header.indexOf(name);
    if (index < 0) throw unreadable(source, `no column ${name}; its columns are ${header.join(', ')}`);
    return rows.map((row) => row[index]);
  };
  return {
    header,
    rows: rows.length,
    has: (name) => header.includes(name),
    texts,
    numbers: (name) => Float64Array.from(texts(name), (cell) => (cell === '' ? Number.NaN : Number(cell))),
    flags: (name) => Uint8Array.from(texts(name), (cell) => (Number(cell) > 0 ? 1 : 0)),
  };
}

/**
 * Reads lines of numbers without a header, by columns. Throws `EVALUATION_DATA_UNREADABLE` for a line of another
 * width and for what is no number.
 */
export function readNumbers(source: string, text: string, separator: string | RegExp): Float64Array[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const width = lines.length === 0 ? 0 : lines[0].trim().split(separator).length;
  const columns = Array.from({ length: width }, () => new Float64Array(lines.length));
  for (const [row, line] of lines.entries()) {
    const cells = line.trim().split(separator);
    if (cells.length !== width)
      throw unreadable(source, `line ${row + 1} has ${cells.length} values, not ${width}`);
    for (let column = 0; column < width; column++) {
      const value = Number(cells[column]);
      if (Number.isNaN(value)) throw unreadable(source, `line ${row + 1} has ${cells[column]}, no number`);
      columns[column][row] = value;
    }
  }
  return columns;
}

function unreadable(source: string, message: string, cause?: unknown): ForewarnError {
  return new ForewarnError('EVALUATION_DATA_UNREADABLE', `${source}: ${message}`, { cause });
}
