/** One import, re-export or dynamic import of a source file. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** What a rule has against a file, as one sentence. */
export type Violation = string;

// Comments, strings on one line and templates, whichever begins first, so that `//` in a URL begins no comment.
const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

/** Source text with its comments as blanks of the same number of lines. */
function withoutComments(source: string): string {
  return source.replace(token, (text) => (/^\/[/*]/.test(text) ? text.replace(/[^\n]/g, ' ') : text));
}

/** Code alone: comments and strings are gone, templates stay because they hold code. */
export function codeOf(source: string): string {
  return withoutComments(source).replace(token, (text) => (/^['"]/.test(text) ? "''" : text));
}

export function importsOf(source: string): Import[] {
  const text = withoutComments(source);
  const statements = text.matchAll(
    /^[ \t]*(?:import|export)\b(?<type>\s+type\b)?[^'"`;()=]*?(?:\bfrom\s*)?['"](?<name>[^'"\n]+)['"]/gm,
  );
  const calls = text.matchAll(/\bimport\s*\(\s*['"`](?<name>[^'"`\n]+)['"`]/g);
  return [
    ...[...statements].map((match) => ({
      specifier: match.groups!.name!,
      typeOnly: match.groups!.type !== undefined,
    })),
    ...[...calls].map((match) => ({ specifier: match.groups!.name!, typeOnly: false })),
  ];
}

const stages = ['ingest', 'models', 'alerts', 'history'];

/** The stages know themselves and the words that all share: they never see each other or what is built of them. */
export function stageViolations(path: string, source: string): Violation[] {
  const stage = stages.find((name) => path.startsWith(`src/${name}/`));
  if (stage === undefined) return [];
  return importsOf(source)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .flatMap(({ specifier, typeOnly }) => {
      const target = resolvePath(path, specifier);
      if (target.startsWith(`src/${stage}/`) || target === 'src/types.ts' || target === 'src/errors.ts')
        return [];
      if (target === 'src/log.ts') return typeOnly ? [] : [`${path} takes more than a type from ${target}`];
      return [`${path} imports ${target}`];
    });
}

/**
 * Files that are the main module of a process or thread of their own, and so may touch `process`; and two that native
 * libraries force to: ONNX Runtime must not be inside a run when the process ends, and TensorFlow takes settings from
 * the environment only.
 */
const entryPoints =
  /^src\/(cli|models\/(training-worker|engine\/(onnx\/(lane-worker|run-gate)|tensorflow\/(worker|load))))\.ts$/;

/** Only entry points touch the process: everything else is given what it needs, and so runs twice in one test. */
export function processViolations(path: string, source: string): Violation[] {
  if (entryPoints.test(path)) return [];
  const imported = importsOf(source).some(({ specifier }) => /^(node:)?process$/.test(specifier));
  // `process.` and `process[`, also through globalThis, but not a property named `process`.
  const touched = /(?:(?<![.\w$])|\bglobalThis\s*\.\s*)process\s*(?:\?\.|\.|\[)\s*\S/.test(codeOf(source));
  return imported || touched ? [`${path} touches process`] : [];
}

const longestFile = 300;

export function shapeViolations(path: string, source: string): Violation[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const lines = source.trimEnd().split('\n').length;
  const found: Violation[] = [];
  if (path.startsWith('src/') && lines > longestFile)
    found.push(`${path} has ${lines} lines, more than ${longestFile}`);
  if (/^index\.\w+$/.test(name)) found.push(`${path} is a barrel: import from the file that has the thing`);
  if (/util(?:s|ities|ity)?\b|helper/i.test(name))
    found.push(`${path} is not named for a noun that it exports`);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)+$/.test(name)) found.push(`${path} is not in kebab-case`);
  return found;
}

/** A project that moves to another machine takes nothing of this one along. */
export function machineViolations(path: string, text: string): Violation[] {
  const found: Violation[] = [];
  const folder = /(?<![\w./-])\/(?:work|root|Users)\/\w/.exec(text);
  if (folder) found.push(`${path} names a folder of one machine: ${folder[0]}`);
  // Lock files and settings may not send others to the registry, mirror or proxy of whoever wrote them.
  if (/^\s*(?:@[\w-]+:)?registry\s*=|_authToken\s*=|^\s*"resolved":/m.test(text))
    found.push(`${path} names a registry`);
  if (/\bhttps?:\/\/[^\s/"']*(?:registry|artifactory|verdaccio|nexus)/i.test(text)) {
    found.push(`${path} names the host of a registry`);
  }
  return found;
}

function resolvePath(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
