#!/usr/bin/env node
// Runs before node_modules exists, so it uses Node's own modules only.
// It installs when package-lock.json changed since the last finished install, builds (with --build) when a source
// changed since the last finished build, and then runs the command after `--`, to which npm appends its arguments.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = {
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  // ONNX Runtime would report its use to its maker; tests and benchmarks load it without the daemon's start.
  ORT_DISABLE_TELEMETRY: '1',
};

function fail(message) {
  console.error(`forewarn: ${message}`);
  process.exit(1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`needs Node.js 20.19 or newer; this is ${process.version}. Install a newer one and run again.`);
}

/** Runs a step whose output matters only when it fails. */
function runQuietly(what, command, args) {
  console.error(`forewarn: ${what} ...`);
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error === undefined && result.status === 0) return;
  if (result.stdout) console.error(result.stdout.trimEnd());
  if (result.stderr) console.error(result.stderr.trimEnd());
  const reason =
    result.error?.message ?? (result.signal ? `signal ${result.signal}` : `exit code ${result.status}`);
  fail(`${what} failed: \`${command} ${args.join(' ')}\` ended with ${reason}. The next run tries it again.`);
}

/** Does `work` unless the stamp file says that it was last finished for the same `key`. */
function unlessStamped(stamp, key, work) {
  try {
    if (readFileSync(stamp, 'utf8') === key) return;
  } catch {
    // Never finished here.
  }
  // Taken away first, so that work which is cut short is done again whatever it left behind.
  rmSync(stamp, { force: true });
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
}

/** Files by content, and not by time, which clones, archives and clocks change; a removed file counts as well. */
function hashOf(...paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}

function filesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(path) : [path];
    })
    .sort();
}

// Native modules are part of it, so a tree that is shared with another kind of machine is installed anew.
const installKey = `${hashOf('package-lock.json')} ${process.platform}-${process.arch}`;

function install() {
  // The build and the tests need the development packages, also where NODE_ENV is production.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  runQuietly('installing dependencies', 'npm', args);
}

function build() {
  // Files of removed sources must not live on.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  runQuietly('building', 'tsc', ['-p', 'tsconfig.build.json']);
}

/** Ends this process as the command ends, and hands signals on to it. */
function runToEnd(command, args) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
  // A terminal gives its Ctrl-C to the command as well; only where there is none it must be handed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once('error', (error) => fail(`cannot run ${command}: ${error.message}`));
  child.once('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

const argv = process.argv.slice(2);
const split = argv.indexOf('--');
const options = split < 0 ? argv : argv.slice(0, split);
const command = split < 0 ? [] : argv.slice(split + 1);

unlessStamped(join(root, 'node_modules/.forewarn-installed'), installKey, install);
if (options.includes('--build')) {
  const sources = hashOf('tsconfig.json', 'tsconfig.build.json', ...filesUnder('src'));
  unlessStamped(join(root, 'dist/.built'), `${installKey} ${sources}`, build);
}
if (command.length > 0) runToEnd(command[0], command.slice(1));
