import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  codeOf,
  importsOf,
  machineViolations,
  processViolations,
  shapeViolations,
  stageViolations,
} from './source-scanner.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const notOurs = new Set(['.git', 'node_modules', 'dist', 'state', 'coverage', '.cache']);

/** Files that break a rule of shape on purpose: `'src/...': 'the reason'`. */
const exceptions: Readonly<Record<string, string>> = {};

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}

/** What git has or would take; every file, where this is an unpacked archive. */
function projectFiles(): string[] {
  if (!existsSync(join(root, '.git'))) return walk('');
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
}

const isCode = (path: string) => /^(?:src|test|bench|scripts)\/.*\.(?:ts|mjs)$/.test(path);
const files = projectFiles().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const sources = files.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'));

describe('architecture', () => {
  it('finds the sources', () => {
    const paths = sources.map(({ path }) => path);
    expect(paths).toContain('src/types.ts');
    for (const stage of ['ingest', 'models', 'alerts', 'history']) {
      expect(paths.some((path) => path.startsWith(`src/${stage}/`))).toBe(true);
    }
  });

  it('keeps the stages apart', () => {
    expect(sources.flatMap(({ path, text }) => stageViolations(path, text))).toEqual([]);
  });

  it('leaves the process to the entry points', () => {
    expect(sources.flatMap(({ path, text }) => processViolations(path, text))).toEqual([]);
  });

  it('has short files that are named for what they export', () => {
    const code = files.filter(({ path }) => isCode(path) && exceptions[path] === undefined);
    expect(code.flatMap(({ path, text }) => shapeViolations(path, text))).toEqual([]);
  });

  it('has no exception that is no longer needed', () => {
    const needless = Object.keys(exceptions).filter((path) => {
      const file = files.find((candidate) => candidate.path === path);
      return file === undefined || shapeViolations(path, file.text).length === 0;
    });
    expect(needless).toEqual([]);
  });

  it('names no folder of one machine and no registry', () => {
    const others = files.filter(({ path }) => path !== 'test/architecture/imports.test.ts');
    expect(others.flatMap(({ path, text }) => machineViolations(path, text))).toEqual([]);
  });
});

describe('the scanner', () => {
  const bad = `
    // import { a } from '../commented.ts';
    import type { Alert } from '../types.ts';
    import { open } from '../alerts/journal.ts';
    import config, {
      type Config,
    } from "../config.ts";
    import '../daemon.ts';
    export { run } from '../pipeline.ts';
    export * from '../api/server.ts';
    import { pino } from 'pino';
    import { createLogger } from '../log.ts';
    const url = 'http://x'; const late = await import('../simulator/plant.ts');
    const text = "import { b } from '../quoted.ts'";
    export const name = 'not/an/import.ts';
  `;

  it('sees every way to import and nothing else', () => {
    expect(importsOf(bad).map(({ specifier }) => specifier)).toEqual([
      '../types.ts',
      '../alerts/journal.ts',
      '../config.ts',
      '../daemon.ts',
      '../pipeline.ts',
      '../api/server.ts',
      'pino',
      '../log.ts',
      '../simulator/plant.ts',
    ]);
    expect(importsOf(bad)[0]?.typeOnly).toBe(true);
  });

  it('names each import that a stage may not have', () => {
    expect(stageViolations('src/ingest/decoder.ts', bad)).toEqual([
      'src/ingest/decoder.ts imports src/alerts/journal.ts',
      'src/ingest/decoder.ts imports src/config.ts',
      'src/ingest/decoder.ts imports src/daemon.ts',
      'src/ingest/decoder.ts imports src/pipeline.ts',
      'src/ingest/decoder.ts imports src/api/server.ts',
      'src/ingest/decoder.ts takes more than a type from src/log.ts',
      'src/ingest/decoder.ts imports src/simulator/plant.ts',
    ]);
    expect(stageViolations('src/daemon.ts', bad)).toEqual([]);
    expect(
      stageViolations('src/alerts/sinks/webhook.ts', "import { a } from '../../models/scorer.ts'"),
    ).toHaveLength(1);
    expect(stageViolations('src/alerts/sinks/webhook.ts', "import { a } from '../journal.ts'")).toEqual([]);
  });

  it.each([
    'process.exit(1)',
    'const { env } = globalThis.process.env',
    "import { env } from 'node:process'",
    'process?.on("x")',
  ])('sees the process in: %s', (code) => {
    expect(processViolations('src/daemon.ts', code)).toHaveLength(1);
    expect(processViolations('src/cli.ts', code)).toEqual([]);
  });

  it.each([
    '// process.env',
    "const hint = 'the process. Restart it'",
    'job.process.start()',
    'preprocess.run()',
  ])('does not see the process in: %s', (code) =>
    expect(processViolations('src/daemon.ts', code)).toEqual([]),
  );

  it('sees names and sizes that are not ours', () => {
    expect(shapeViolations('src/api/index.ts', '')).toHaveLength(1);
    expect(shapeViolations('src/api/string-utils.ts', '')).toHaveLength(1);
    expect(shapeViolations('test/support/test-helpers.ts', '')).toHaveLength(1);
    expect(shapeViolations('src/api/statusApi.ts', '')).toHaveLength(1);
    expect(shapeViolations('src/api/server.ts', 'x\n'.repeat(301))).toHaveLength(1);
    expect(shapeViolations('src/api/server.ts', 'x\n'.repeat(300))).toEqual([]);
  });

  it('sees what belongs to one machine', () => {
    expect(machineViolations('a.md', 'cd /work/project')).toHaveLength(1);
    expect(machineViolations('a.md', 'file:///root/x and "/root/x"')).toHaveLength(1);
    expect(machineViolations('.npmrc', 'registry=https://example.test')).toHaveLength(1);
    expect(machineViolations('package-lock.json', '  "resolved": "https://example.test/a.tgz"')).toHaveLength(
      1,
    );
    expect(machineViolations('a.md', 'see https://registry.example.test/a')).toHaveLength(1);
    expect(machineViolations('a.md', 'plant/work/pump and https://a.test/work/1')).toEqual([]);
  });

  it('keeps the lines of the code', () => {
    const source = "/* a\n b */ const x = 'y'; // z\nconst u = `//`;";
    expect(
      codeOf(source)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['', "const x = '';", 'const u = `//`;']);
  });
});
