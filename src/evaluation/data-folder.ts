import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ForewarnError, messageOf } from '../errors.ts';

/** The files of one data set, packed (`.gz`) or plain; names are relative to the folder, with `/` and without `.gz`. */
export interface DataFolder {
  readonly path: string;
  /** All files below that match, in natural order (`2` before `10`). */
  find(pattern: RegExp): readonly string[];
  /** Where a file that {@link find} gave is on disk, packed or not. */
  pathOf(name: string): string;
  /** Text of a file that {@link find} gave. Throws `EVALUATION_DATA_UNREADABLE`. */
  text(name: string): string;
}

/** Data sets keep their files at most this many folders down; below it nobody looks. */
const deepest = 4;

/**
 * Opens the folder of a data set: `directory` itself, or the folder in it with one of `names`, whatever the case. A file
 * in the place of the directory is a folder of that file alone. Throws `EVALUATION_DATA_MISSING` where there is neither.
 */
export function openDataFolder(directory: string, names: readonly string[]): DataFolder {
  if (existsSync(directory) && !isFolder(directory)) {
    const file = basename(directory);
    return folderOf(dirname(directory), new Map([[shownName(file), file]]));
  }
  if (!isFolder(directory)) {
    throw new ForewarnError('EVALUATION_DATA_MISSING', `--data ${directory}: there is no such folder`, {
      hint: 'Give the folder of the data set, or the one that it is in.',
    });
  }
  const inside = readdirSync(directory).find(
    (entry) => names.includes(entry.toLowerCase()) && isFolder(join(directory, entry)),
  );
  const path = inside === undefined ? directory : join(directory, inside);
  return folderOf(path, walk(path, '', deepest));
}

function folderOf(path: string, files: ReadonlyMap<string, string>): DataFolder {
  const ordered = [...files.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const pathOf = (name: string) => join(path, files.get(name) ?? name);
  return {
    path,
    pathOf,
    find: (pattern) => ordered.filter((name) => pattern.test(name)),
    text(name) {
      const file = pathOf(name);
      try {
        const bytes = readFileSync(file);
        return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      } catch (cause) {
        throw new ForewarnError('EVALUATION_DATA_UNREADABLE', `${file}: ${messageOf(cause)}`, { cause });
      }
    },
  };
}

/** The only file that matches. Throws `EVALUATION_DATA_MISSING`, naming what was looked for. */
export function theFile(data: DataFolder, pattern: RegExp, shown: string): string {
  const [name] = data.find(pattern);
  if (name !== undefined) return name;
  throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no ${shown}`, {
    hint: 'docs/evaluation.md says which files each protocol needs; they may be gzipped.',
  });
}

/** File names below `path` without `.gz`, each with its real name. */
function walk(path: string, below: string, depth: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(path, below), { withFileTypes: true })) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) {
      if (depth > 1) for (const [shown, real] of walk(path, name, depth - 1)) found.set(shown, real);
    } else found.set(shownName(name), name);
  }
  return found;
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function shownName(name: string): string {
  return name.replace(/\.gz$/, '');
}
