#!/usr/bin/env node
// Builds TensorFlow's Node binding against an installed TensorFlow wheel, for GPUs that the binding's own
// libtensorflow (2.9.1, CUDA 11.2) does not know, and for tests on TensorFlow's CPU kernels. See docs/gpu.md.
// All that it makes lies in one ignored folder; the project's packages stay as they are. Node's own modules only.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const usage = `Usage: npm run tensorflow:link -- [options]

Builds @tensorflow/tfjs-node against an installed TensorFlow wheel (pip's tensorflow or tensorflow-cpu).

  --gpu              build @tensorflow/tfjs-node-gpu, and make the wheel's CUDA libraries known to it
  --install          pip install the wheel into the folder first (tensorflow-cpu; tensorflow[and-cuda] with --gpu)
  --python PATH      the Python whose TensorFlow is used, or whose pip installs it (default python3)
  --directory PATH   where everything goes (default .cache/tensorflow)
  --force            build again even when nothing changed
  --help`;

/** Ends the program: what went wrong, what the reader can do, and the output of the program that failed. */
function fail(problem, mend, output = '') {
  const tail = output.trim().split('\n').slice(-15).join('\n');
  console.error(`tensorflow:link: ${problem}\n  Mend: ${mend}${tail === '' ? '' : `\n\n${tail}`}`);
  process.exit(1);
}

function options() {
  try {
    return parseArgs({
      options: {
        gpu: { type: 'boolean', default: false },
        install: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        python: { type: 'string', default: 'python3' },
        directory: { type: 'string', default: join(root, '.cache/tensorflow') },
      },
    }).values;
  } catch (error) {
    return fail(error.message, 'run with --help to see the options');
  }
}

/** Runs a program to its end and gives `{ ok, output }`; a program that is not there is `ok: false`. */
function run(command, args, { cwd = root, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error) return { ok: false, output: result.error.message };
  return { ok: result.status === 0, output: result.stdout + result.stderr, stdout: result.stdout };
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Installs with `--target`, which needs no venv module and leaves the system's Python alone. The CPU wheel's Python
 * dependencies are left out: only its shared libraries and headers are used.
 */
function installWheel(python, target, gpu) {
  if (existsSync(join(target, 'tensorflow'))) return;
  const requirement = gpu ? ['tensorflow[and-cuda]'] : ['--no-deps', 'tensorflow-cpu'];
  console.error(`tensorflow:link: installing ${requirement.at(-1)} into ${target} ...`);
  const pip = run(python, ['-m', 'pip', 'install', '--quiet', '--target', target, ...requirement]);
  if (pip.ok) return;
  rmSync(target, { recursive: true, force: true });
  fail(
    `pip could not install ${requirement.at(-1)}`,
    'check the network and that this Python has a TensorFlow wheel (`--python PATH` picks another Python)',
    pip.output,
  );
}

/** The wheel's folder (`.../tensorflow`), found without importing TensorFlow. */
function findWheel(python, target) {
  const lookup =
    "import importlib.util as u; s = u.find_spec('tensorflow'); print(s.submodule_search_locations[0] if s else '')";
  const found = run(python, ['-c', lookup], { env: existsSync(target) ? { PYTHONPATH: target } : {} });
  if (!found.ok)
    fail(`${python} does not run`, 'install Python 3 or name one with `--python PATH`', found.output);
  const wheel = found.stdout.trim();
  if (wheel === '')
    fail(
      `${python} has no TensorFlow`,
      'run again with --install, or `pip install tensorflow-cpu` (tensorflow for a GPU) and name that Python with `--python PATH`',
    );
  for (const file of [
    'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2',
    'include/tensorflow/c/eager/c_api.h',
  ])
    if (!existsSync(join(wheel, file)))
      fail(`${wheel} has no ${file}`, 'use a TensorFlow 2 wheel for Linux from PyPI, 2.13 or newer');
  return wheel;
}

/** The folder of an unpacked `@tensorflow/<name>` of the version that package.json asks for. */
function installPackage(directory, name, version) {
  const folder = join(directory, 'node_modules/@tensorflow', name);
  if (existsSync(folder) && readJson(join(folder, 'package.json')).version === version) return folder;
  console.error(`tensorflow:link: installing @tensorflow/${name} ${version} ...`);
  // Without a package.json of its own npm would install into the nearest folder above that has one.
  const manifest = join(directory, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const npm = run(
    'npm',
    [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--save-exact',
      `@tensorflow/${name}@${version}`,
    ],
    { cwd: directory },
  );
  if (!npm.ok)
    fail(`npm could not install @tensorflow/${name}`, 'check the network and the npm registry', npm.output);
  return folder;
}

/**
 * What the linker must add. The wheel's libraries are found where they are, through their own names, so that their
 * `$ORIGIN` stays right. TensorFlow opens CUDA's libraries by name only when it first looks for a GPU; the binding
 * names them itself, which loads them from the wheel's `nvidia` folders with no LD_LIBRARY_PATH.
 */
function linkerFlags(wheel) {
  const flags = [`-Wl,-rpath,${wheel}`];
  const nvidia = join(dirname(wheel), 'nvidia');
  if (!existsSync(nvidia)) return flags;
  const wanted =
    /^lib(cudart|cublas|cublasLt|cudnn|cufft|curand|cusolver|cusparse|nvJitLink|cupti)\.so\.\d+$/;
  flags.push('-Wl,--no-as-needed');
  for (const entry of readdirSync(nvidia, { recursive: true, withFileTypes: true })) {
    if (!wanted.test(entry.name)) continue;
    const folder = entry.parentPath ?? entry.path;
    flags.push(`-L${folder}`, `-Wl,-rpath,${folder}`, `-l:${entry.name}`);
  }
  return flags;
}

/** npm names its own node-gyp to the scripts that it runs; otherwise it lies beside npm. */
function findNodeGyp() {
  const globalModules = run('npm', ['root', '--global']).stdout?.trim() ?? '';
  const candidates = [
    process.env.npm_config_node_gyp,
    join(globalModules, 'npm/node_modules/node-gyp/bin/node-gyp.js'),
    join(globalModules, 'node-gyp/bin/node-gyp.js'),
  ];
  const found = candidates.find((path) => existsSync(path ?? ''));
  return found ?? fail('node-gyp was not found', 'install it with `npm install --global node-gyp`');
}

/**
 * The binding keeps the names of attributes in one unguarded set for all threads of the process, and two threads that
 * run ops at once crash in it. A set a thread is the mend.
 */
function mendThreads(folder) {
  const path = join(folder, 'binding/tfjs_backend.cc');
  const source = readFileSync(path, 'utf8');
  const shared = 'static std::set<std::string> ATTR_NAME_SET;';
  const own = 'static thread_local std::set<std::string> ATTR_NAME_SET;';
  if (source.includes(own)) return;
  if (!source.includes(shared))
    fail(`${path} is not as expected`, 'use the version of the binding that package.json names');
  writeFileSync(path, source.replace(shared, own));
}

function build(folder, wheel) {
  mendThreads(folder);
  mkdirSync(join(folder, 'deps/lib'), { recursive: true });
  for (const [from, to] of [
    ['include', 'include'],
    ['libtensorflow_cc.so.2', 'lib/libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'lib/libtensorflow_framework.so'],
  ]) {
    rmSync(join(folder, 'deps', to), { recursive: true, force: true });
    symlinkSync(join(wheel, from), join(folder, 'deps', to));
  }
  // Node's headers when they were installed with it; node-gyp downloads them otherwise.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  console.error('tensorflow:link: building the binding ...');
  const settings = [
    '--module_name=tfjs_binding',
    `--module_path=${join(folder, 'lib/napi-v8')}`,
    '--napi_version=8',
    '--napi_build_version=8',
  ];
  const LDFLAGS = [process.env.LDFLAGS ?? '', ...linkerFlags(wheel)].join(' ').trim();
  const gyp = [findNodeGyp(), 'rebuild', ...headers, ...settings];
  const built = run(process.execPath, gyp, { cwd: folder, env: { LDFLAGS } });
  if (!built.ok)
    fail(
      'the binding did not build',
      'install a C++ compiler, make and Python 3 (Debian: build-essential python3)',
      built.output,
    );
}

/** Loads the package in a process of its own, as the engine's worker does, and runs the op that the engine needs. */
function verify(folder) {
  const program = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(folder)});
    const { Int64Scalar } = require(${JSON.stringify(join(folder, 'dist/int64_tensors'))});
    const backend = tf.backend();
    const { binding } = backend;
    const peephole = tf.zeros([2]);
    const state = tf.zeros([1, 2]);
    const hidden = backend.executeMultipleOutputs(
      'BlockLSTMV2',
      [
        { name: 'cell_clip', type: binding.TF_ATTR_FLOAT, value: 0 },
        { name: 'use_peephole', type: binding.TF_ATTR_BOOL, value: false },
        { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      ],
      [new Int64Scalar(1), tf.ones([1, 1, 1]), state, state, tf.ones([3, 8]), peephole, peephole, peephole, tf.zeros([8])],
      7,
    )[6].dataSync();
    // sigmoid(1) * tanh(sigmoid(1) * tanh(1))
    if (Math.abs(hidden[0] - 0.36962) > 1e-4) throw new Error('BlockLSTMV2 gave ' + hidden[0]);
    console.log(JSON.stringify({ tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice() }));`;
  const child = run(process.execPath, ['-e', program], { env: { TF_CPP_MIN_LOG_LEVEL: '2' } });
  return {
    ok: child.ok,
    output: child.output,
    ...(child.ok ? JSON.parse(child.stdout.trim().split('\n').at(-1)) : {}),
  };
}

function main() {
  const { gpu, install, python, force, help, ...rest } = options();
  if (help) return console.log(usage);
  if (process.platform !== 'linux')
    fail(
      `this platform (${process.platform}) is not supported`,
      'use Linux, or the CPU engine, which needs nothing',
    );

  const directory = resolve(rest.directory);
  const wheelTarget = join(directory, gpu ? 'wheel-gpu' : 'wheel');
  const name = gpu ? 'tfjs-node-gpu' : 'tfjs-node';
  const version = readJson(join(root, 'package.json')).optionalDependencies[
    '@tensorflow/tfjs-node-gpu'
  ].replace('^', '');
  mkdirSync(directory, { recursive: true });

  if (install) installWheel(python, wheelTarget, gpu);
  const wheel = findWheel(python, wheelTarget);
  const folder = installPackage(directory, name, version);
  // The engine looks for this file: only a binding that was built here can run in several threads (`mendThreads`).
  const stamp = join(folder, 'forewarn-threads.json');
  // What a build depends on; when it is as the last time there is nothing to build.
  const { size, mtimeMs } = statSync(join(wheel, 'libtensorflow_cc.so.2'));
  const wanted = JSON.stringify({ wheel, size, mtimeMs, version, flags: linkerFlags(wheel) });
  const unchanged = !force && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (!unchanged) {
    rmSync(stamp, { force: true });
    build(folder, wheel);
  }
  const result = verify(folder);
  if (!result.ok)
    fail(
      'the binding was built but does not run',
      'run again with --force; if it stays, use another TensorFlow wheel (docs/gpu.md names the one it was tested with)',
      result.output,
    );
  writeFileSync(stamp, wanted);
  const device = result.gpu ? 'a GPU' : 'the CPU';
  console.log(
    `@tensorflow/${name} ${version} runs on TensorFlow ${result.tensorflow}, on ${device} (${folder}).`,
  );
  if (gpu && !result.gpu)
    fail(
      'TensorFlow sees no GPU',
      'check that `nvidia-smi` shows it and that the driver is new enough for the wheel’s CUDA (docs/gpu.md)',
      result.output,
    );
}

main();
