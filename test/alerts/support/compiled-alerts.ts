import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Compiles these files of the alerts stage alone, so that a test which starts a process needs no build before it. */
export function compileAlerts(directory: string, files: readonly string[]): string {
  const compiled = join(directory, 'compiled');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: false, rootDir: join(root, 'src'), outDir: compiled },
    include: [],
    files: files.map((name) => join(root, 'src/alerts', name)),
  };
  const project = join(directory, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'dir');
  execFileSync(process.execPath, [compiler, '-p', project]);
  return compiled;
}
