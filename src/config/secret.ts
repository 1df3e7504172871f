import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Problem } from './problem.ts';
import type { SecretReference } from './schema.ts';

/** The environment that references are looked up in; `process.env` in production. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads what a reference points at. Neither the result nor a problem ever shows the secret. */
export function readSecret(
  reference: SecretReference | undefined,
  path: string,
  context: { env: Environment; baseDir: string; problems: Problem[] },
): string | null {
  if (reference === undefined) return null;
  const given = Object.keys(reference);
  if (given.length !== 1) {
    const mend = 'Give exactly one of `file`, `env`, `credential`.';
    context.problems.push({ path, value: given, message: 'names no single source', mend });
    return null;
  }
  if (reference.env !== undefined) return readVariable(reference.env, `${path}.env`, context);
  if (reference.file !== undefined)
    return readFile(resolve(context.baseDir, reference.file), reference.file, `${path}.file`, context);
  return readCredential(reference.credential!, `${path}.credential`, context);
}

function readVariable(
  name: string,
  path: string,
  context: { env: Environment; problems: Problem[] },
): string | null {
  const value = context.env[name];
  if (value) return value;
  context.problems.push({
    path,
    value: name,
    message: 'is not set in the environment',
    mend: `Set ${name}, or use \`file\`.`,
  });
  return null;
}

function readCredential(
  name: string,
  path: string,
  context: { env: Environment; problems: Problem[] },
): string | null {
  const directory = context.env.CREDENTIALS_DIRECTORY;
  if (directory && !name.includes('/')) return readFile(join(directory, name), name, path, context);
  const mend = `Add \`LoadCredential=${name}:/path\` to the unit, or use \`file\` outside systemd.`;
  context.problems.push({ path, value: name, message: 'has no systemd credential', mend });
  return null;
}

/** Reads a text file that the configuration names; a final newline is dropped. */
export function readFile(
  file: string,
  shown: string,
  path: string,
  context: { problems: Problem[] },
): string | null {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text !== '') return text;
    context.problems.push({
      path,
      value: shown,
      message: 'is an empty file',
      mend: 'Write the value into it.',
    });
  } catch (error) {
    const where = isAbsolute(shown) ? '' : ` (looked for ${file})`;
    const mend = `Check the path and that this user may read it${where}.`;
    context.problems.push({ path, value: shown, message: `cannot be read: ${messageOf(error)}`, mend });
  }
  return null;
}
