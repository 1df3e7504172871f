import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import proto from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { exportModel } from '../../src/commands/export.ts';
import { saveModel } from '../../src/models/artefact.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { encodePortableModel } from '../../src/models/engine/onnx/portable-graph.ts';
import type { Model } from '../../src/models/model.ts';
import { createRandom } from '../../src/models/random.ts';
import { createRegistry } from '../../src/models/registry.ts';
import { initialWeights, type NetworkSpec } from '../../src/models/spec.ts';
import { train } from '../../src/models/trainer.ts';
import { plainModel, smallOrder, temporaryDirectory } from './support/fixtures.ts';

const silent: CommandContext = {
  env: {},
  signal: new AbortController().signal,
  interactive: false,
  out() {},
  write() {},
};

const batch = 7;
const hasPython = spawnSync('python3', ['-c', 'import onnxruntime, numpy']).status === 0;

function errorOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
}

/** Readings in raw units, some missing and some beyond the clip. */
function windowsOf({ card, scaling }: Model): Float32Array<ArrayBuffer> {
  const random = createRandom(5);
  const channels = card.channels.length;
  return new Float32Array(batch * card.spec.window * channels).map((_, i) => {
    const chance = random.uniform();
    if (chance < 0.05) return Number.NaN;
    const far = chance < 0.1 ? 100 : 1;
    return scaling.center[i % channels] + scaling.scale[i % channels] * far * random.gaussian();
  });
}

interface Card {
  readonly model: { readonly id: string };
  readonly onnx: { readonly file: string };
  readonly channels: readonly { readonly name: string; readonly unit: string }[];
}

const readCard = (file: string): Card => JSON.parse(readFileSync(file, 'utf8'));

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const furthest = Math.max(
    ...Array.from(expected, (value, i) => Math.abs(actual[i] - value) / Math.max(1, Math.abs(value))),
  );
  expect(furthest).toBeLessThan(1e-5);
}

describe('an exported model', () => {
  let model: Model;
  let windows: Float32Array<ArrayBuffer>;
  let expected: { lastResidual: Float32Array; squaredError: Float32Array; reconstruction: Float32Array };

  beforeAll(async () => {
    const engine = createOnnxEngine();
    model = await train(smallOrder({ steps: 20 }), { engine, clock: () => 0, onProgress() {} });
    windows = windowsOf(model);
    const session = await engine.createScoring({ ...model, spec: model.card.spec });
    const reconstruction = await session.reconstruct(windows, batch);
    expected = { ...(await session.score(windows, batch)), reconstruction };
    await session.dispose();
  });

  /** Exports the model from its folder; gives the path of the `.onnx` file. */
  function exported(): string {
    const folder = temporaryDirectory();
    saveModel(join(folder, 'artefact'), model);
    const out = join(folder, 'model.onnx');
    exportModel(join(folder, 'artefact'), { out }, silent);
    expect(readdirSync(folder).sort()).toEqual(['artefact', 'model.card.json', 'model.onnx']);
    return out;
  }

  it('gives in a bare ONNX Runtime what the engine gives', async () => {
    const session = await InferenceSession.create(exported());
    const shape = [model.card.spec.window, model.card.channels.length];
    const outputs = await session.run({ windows: new Tensor('float32', windows, [batch, ...shape]) });
    expect(outputs.reconstruction.dims).toEqual([batch, ...shape]);
    expectClose(outputs.last_residual.data as Float32Array, expected.lastResidual);
    expectClose(outputs.squared_error.data as Float32Array, expected.squaredError);
    expectClose(outputs.reconstruction.data as Float32Array, expected.reconstruction);
    const one = windows.slice(0, shape[0] * shape[1]);
    const single = await session.run({ windows: new Tensor('float32', one, [1, ...shape]) });
    expectClose(
      single.last_residual.data as Float32Array,
      expected.lastResidual.subarray(0, model.card.channels.length),
    );
    await session.release();
  });

  it('has a card beside it that names both', () => {
    const card = readCard(exported().replace('.onnx', '.card.json'));
    expect(card.model.id).toBe(model.card.id);
    expect(card.onnx.file).toBe('model.onnx');
  });

  it('uses operators of the standard only and says what it is', () => {
    const { metadataProps, graph } = proto.onnx.ModelProto.decode(readFileSync(exported()));
    const metadata = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata.model).toBe(model.card.id);
    expect(JSON.parse(String(metadata.channels))).toEqual(model.card.channels);
    expect(metadata.window).toBe(String(model.card.spec.window));
    const nodes = graph?.node ?? [];
    expect(nodes.length).toBeGreaterThan(10);
    expect(nodes.filter(({ domain }) => domain)).toEqual([]);
    expect(nodes.map(({ opType }) => opType)).not.toContain('Scan');
  });

  it.skipIf(!hasPython)('runs in ONNX Runtime for Python (skipped where that is not installed)', () => {
    const out = exported();
    const input = `${out}.input`;
    writeFileSync(input, windows);
    const program = [
      'import sys, json, numpy, onnxruntime',
      'session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])',
      `windows = numpy.fromfile(sys.argv[2], "<f4").reshape(${batch}, ${model.card.spec.window}, -1)`,
      'residual, = session.run(["last_residual"], {"windows": windows})',
      'print(json.dumps([residual.ravel().tolist(), session.get_modelmeta().custom_metadata_map]))',
    ].join('\n');
    const printed = execFileSync('python3', ['-c', program, out, input], { encoding: 'utf8' });
    const [residual, metadata] = JSON.parse(printed);
    expectClose(residual, expected.lastResidual);
    expect(metadata.model).toBe(model.card.id);
  });
});

describe('a portable model', () => {
  const shared = { window: 12, channels: 3, hidden: 6, latent: 4 } as const;
  const specs: readonly NetworkSpec[] = [
    { kind: 'lstm_autoencoder', ...shared, latent: null, reverse: false },
    { kind: 'lstm_autoencoder', ...shared, reverse: true },
    { kind: 'gru_autoencoder', ...shared, reverse: true },
    { kind: 'conv_autoencoder', ...shared },
    { kind: 'lstm_forecaster', window: 12, channels: 3, hidden: 6 },
  ];

  it.each(specs)('of any kind gives what the engine gives: %j', async (spec) => {
    const scaling = {
      center: Float32Array.of(1, -20, 300),
      scale: Float32Array.of(0.1, 2, 30),
      clip: 4,
    };
    const model = { spec, weights: initialWeights(spec, 3), scaling };
    const engine = await createOnnxEngine().createScoring(model);
    const random = createRandom(4);
    const windows = new Float32Array(batch * 36).map((_, i) => {
      return scaling.center[i % 3] + 3 * scaling.scale[i % 3] * random.gaussian();
    });
    const { lastResidual, squaredError } = await engine.score(windows, batch);
    const reconstruction = await engine.reconstruct(windows, batch);
    await engine.dispose();
    const session = await InferenceSession.create(encodePortableModel(model, {}));
    const outputs = await session.run({ windows: new Tensor('float32', windows, [batch, 12, 3]) });
    await session.release();
    expectClose(outputs.last_residual.data as Float32Array, lastResidual);
    expectClose(outputs.squared_error.data as Float32Array, squaredError);
    expectClose(outputs.reconstruction.data as Float32Array, reconstruction);
  });
});

describe('forewarn export', () => {
  /** A state directory with two versions of class `pump`, the first in use, and a configuration that names it. */
  function plant() {
    const folder = temporaryDirectory();
    const registry = createRegistry(join(folder, 'state', 'models'));
    const champion = plainModel({ id: 'pump-1-0000000a', channels: 2 });
    const other = plainModel({ id: 'pump-2-0000000b', number: 2, channels: 2, seed: 2 });
    for (const model of [champion, other]) registry.save(model);
    registry.promote('pump', champion.card.id);
    const config = join(folder, 'forewarn.yaml');
    writeFileSync(
      config,
      [
        'state_dir: state',
        'classes:',
        '  pump:',
        '    topic: plant/{asset}/telemetry',
        '    channels: { channel-1: { unit: bar }, channel-0: { unit: degC } }',
      ].join('\n'),
    );
    return { folder, config, champion, other };
  }

  const idIn = (folder: string) => readCard(join(folder, 'out.card.json')).model.id;

  it('takes the version in use of a class, or the version that is named', () => {
    const { folder, config, champion, other } = plant();
    const out = join(folder, 'out.onnx');
    exportModel('pump', { config, out }, silent);
    expect(idIn(folder)).toBe(champion.card.id);
    exportModel(other.card.id, { config, out }, silent);
    expect(idIn(folder)).toBe(other.card.id);
    const id = proto.onnx.ModelProto.decode(readFileSync(out)).metadataProps.find(
      ({ key }) => key === 'model',
    );
    expect(id?.value).toBe(other.card.id);
  });

  it('takes units from the configuration by the names of the channels', () => {
    const { folder, config, champion } = plant();
    const out = join(folder, 'out.onnx');
    exportModel(join(folder, 'state', 'models', 'pump', champion.card.id), { config, out }, silent);
    expect(readCard(join(folder, 'out.card.json')).channels).toEqual([
      { name: 'channel-0', unit: 'degC' },
      { name: 'channel-1', unit: 'bar' },
    ]);
  });

  it('names the models there are when it does not find one', () => {
    const { config, champion, other } = plant();
    for (const name of ['fan', 'pump-3-0000000c', '/nowhere']) {
      expect(errorOf(() => exportModel(name, { config }, silent))).toMatchObject({
        code: 'MODEL_UNKNOWN',
        hint: expect.stringContaining(`${champion.card.id}, ${other.card.id}`),
      });
    }
  });

  it('refuses a damaged model', () => {
    const { folder, config, champion } = plant();
    writeFileSync(join(folder, 'state', 'models', 'pump', champion.card.id, 'weights.bin'), 'x');
    const out = join(folder, 'out.onnx');
    expect(errorOf(() => exportModel('pump', { config, out }, silent))).toMatchObject({
      code: 'MODEL_MALFORMED',
    });
    expect(existsSync(out)).toBe(false);
  });

  it('leaves nothing half written where it may not write', () => {
    const { folder, config } = plant();
    const missing = join(folder, 'missing', 'out.onnx');
    expect(errorOf(() => exportModel('pump', { config, out: missing }, silent))).toMatchObject({
      code: 'EXPORT_FAILED',
      hint: expect.stringContaining('--out'),
    });
    mkdirSync(join(folder, 'full', 'out.onnx', 'in-the-way'), { recursive: true });
    const taken = join(folder, 'full', 'out.onnx');
    expect(errorOf(() => exportModel('pump', { config, out: taken }, silent))).toMatchObject({
      code: 'EXPORT_FAILED',
    });
    expect(readdirSync(join(folder, 'full')).filter((name) => name.endsWith('.partial'))).toEqual([]);
    expect(errorOf(() => exportModel('pump', { config, out: 'model.pb' }, silent))).toMatchObject({
      code: 'OPTION_INVALID',
    });
  });
});
