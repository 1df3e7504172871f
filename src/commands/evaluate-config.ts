import { formatProblem } from '../config/problem.ts';
import { type ClassConfig, type Config, loadConfig, resolveConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import type { EvaluationGroup } from '../evaluation/protocol.ts';
import type { CommandContext } from './context.ts';

/** Collecting ends when the training rows are in, not at a number of them. */
const never = 10_000_000;
const topic = 'evaluate/{asset}/telemetry';

/** What comes from `--config`: an engine and the settings of a class; null takes the defaults for everything. */
export interface OwnSettings {
  readonly config: Config;
  readonly chosen: ClassConfig;
}

/**
 * The class of `file` that is named after the protocol, or the only one. Throws the configuration's own errors, and
 * `OPTION_INVALID` where it is not clear which class is meant.
 */
export function ownSettings(file: string, protocol: string, context: CommandContext): OwnSettings {
  const config = loadConfig(file, context.env);
  const chosen = config.classes.find(({ name }) => name === protocol) ?? config.classes[0];
  if (chosen !== undefined && (config.classes.length === 1 || chosen.name === protocol))
    return { config, chosen };
  throw new ForewarnError(
    'OPTION_INVALID',
    `${file} has ${config.classes.length} classes, none named ${protocol}`,
    {
      hint: `Name the class whose settings shall be evaluated ${protocol}.`,
    },
  );
}

/** The defaults, or `own`, with channels, topic and step of the group and this seed. */
export function groupConfig(options: {
  readonly protocol: string;
  readonly group: Pick<EvaluationGroup, 'channels' | 'sampleEveryMs'>;
  readonly seed: number;
  readonly stateDir: string;
  readonly own: OwnSettings | null;
  readonly context: CommandContext;
}): Config {
  const { group, own, seed, context } = options;
  const document = {
    state_dir: options.stateDir,
    classes: {
      [options.protocol]: {
        topic,
        channels: Object.fromEntries(
          group.channels.map((name, i) => [name, { path: `values.${payloadKey(i)}` }]),
        ),
        sample_every: `${group.sampleEveryMs}ms`,
        train: { after: never, seed },
        // Only the trained model is evaluated.
        online: false,
        // Nobody looks for silence here, and the default is shorter than the step of slow data.
        alert: { silent_after: '0s' },
      },
    },
  };
  const { config, problems } = resolveConfig(document, { env: context.env, baseDir: '.' });
  if (config === null) {
    throw new ForewarnError('EVALUATION_DATA_UNREADABLE', problems.map(formatProblem).join('\n'));
  }
  if (own === null) return config;
  const { name, channels, sampleEveryMs } = config.classes[0];
  const { chosen } = own;
  const train = { ...chosen.train, after: never, seed };
  const time = { timePath: 'ts', timeUnit: 'auto' } as const;
  return {
    ...config,
    engine: own.config.engine,
    classes: [{ ...chosen, ...time, online: false, name, topic, channels, sampleEveryMs, train }],
  };
}

/** Topic of the n-th stream of a group. */
export function streamTopic(index: number): string {
  return topic.replace('{asset}', streamAsset(index));
}

/** Names of files may hold what a topic may not. */
export function streamAsset(index: number): string {
  return `stream-${index}`;
}

/** Names of channels may hold dots, which would lead into the payload. */
export function payloadKey(channel: number): string {
  return `c${channel}`;
}
