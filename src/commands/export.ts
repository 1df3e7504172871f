import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import { ForewarnError, messageOf } from '../errors.ts';
import { loadModel, replaceDurably } from '../models/artefact.ts';
import { encodePortableModel } from '../models/engine/onnx/portable-graph.ts';
import type { Model } from '../models/model.ts';
import { createRegistry, type Registry } from '../models/registry.ts';
import type { CommandContext } from './context.ts';
import { exportedCard } from './exported-card.ts';

export interface ExportOptions {
  readonly config?: string;
  readonly out?: string;
}

const defaultConfig = 'config/forewarn.yaml';

/**
 * Writes a model version as one `.onnx` file, scaling and residuals inside, and beside it a `.card.json` with what turns
 * residuals into a score. `name` is a folder with a model, a version id, or a class, whose version in use it takes.
 * Throws MODEL_UNKNOWN, OPTION_INVALID, EXPORT_FAILED, or the errors of the configuration and of the artefact.
 */
export function exportModel(name: string, options: ExportOptions, context: CommandContext): void {
  const isFolder = existsSync(join(name, 'model.json'));
  // A folder needs no configuration; one that is named still tells the channels' units.
  const config =
    isFolder && options.config === undefined
      ? null
      : loadConfig(options.config ?? defaultConfig, context.env);
  const model = isFolder || config === null ? loadModel(name) : findModel(name, config);
  const file = resolve(options.out ?? `${model.card.id}.onnx`);
  if (!file.endsWith('.onnx'))
    throw new ForewarnError('OPTION_INVALID', `--out ${options.out} must be the name of a .onnx file`);
  const channels = channelsOf(model, config);
  const { card, weights, scaling } = model;
  const onnx = encodePortableModel(
    { spec: card.spec, weights, scaling },
    {
      model: card.id,
      channels: JSON.stringify(channels.map(({ name }) => name)),
      units: JSON.stringify(channels.map(({ unit }) => unit)),
      window: String(card.spec.window),
      sample_every_ms: String(card.sampleEveryMs),
    },
  );
  const cardFile = file.replace(/\.onnx$/, '.card.json');
  const text = JSON.stringify(exportedCard(model, channels, basename(file), onnx), null, 2);
  try {
    // The card first: whoever sees the model finds its card.
    replaceDurably(cardFile, Buffer.from(`${text}\n`));
    replaceDurably(file, onnx);
  } catch (error) {
    throw new ForewarnError('EXPORT_FAILED', `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      hint: 'Give a file in an existing folder that you may write to, with --out.',
    });
  }
  context.out(`${card.id} is in ${file} (${onnx.length} bytes), what to know of it in ${cardFile}`);
}

function findModel(name: string, config: Config): Model {
  const directory = join(config.stateDir, 'models');
  const registry = createRegistry(directory);
  const className = /^(.+)-\d+-[0-9a-f]{8}$/.exec(name)?.[1];
  if (className !== undefined && registry.list(className).some(({ card }) => card.id === name))
    return loadModel(join(directory, className, name));
  const champion = registry.champion(name);
  if (champion !== null) return champion;
  throw new ForewarnError('MODEL_UNKNOWN', `There is no model ${name} in ${directory}.`, {
    hint: hintOf(registry, config),
  });
}

function hintOf(registry: Registry, { classes }: Config): string {
  const known = classes.flatMap(({ name }) => registry.list(name).map(({ card }) => card.id));
  if (known.length > 0)
    return `There are ${known.join(', ')}; or name a class, or a folder with a model.json.`;
  return 'No class has a model yet: let the daemon train one, or name the state directory by --config.';
}

/** The model knows the names of its channels; their units are the configuration's, if it has that class. */
function channelsOf({ card }: Model, config: Config | null): readonly { name: string; unit: string }[] {
  const known = config?.classes.find(({ name }) => name === card.className)?.channels ?? [];
  return card.channels.map((name) => ({
    name,
    unit: known.find((channel) => channel.name === name)?.unit ?? '',
  }));
}
