import type { ModelBody } from '../api/model-schemas.ts';
import type { StatusBody } from '../api/status-schema.ts';
import { ForewarnError } from '../errors.ts';
import type { ModelCard } from '../models/model.ts';
import type { ApiClient } from './api-client.ts';
import type { CommandContext } from './context.ts';
import { daemonClient } from './daemon-client.ts';
import { textTable } from './text-table.ts';

export interface ModelsOptions {
  readonly config: string;
  readonly url?: string;
  readonly by?: string;
  readonly comment?: string;
  readonly withAlerted?: boolean;
  readonly json?: boolean;
}

const actions = ['promote', 'restore', 'pin', 'unpin', 'retrain'] as const;
type Action = (typeof actions)[number];

/**
 * Shows the model versions of a running daemon, of all classes or of one, or has it carry out one action.
 * @throws ForewarnError `OPTION_INVALID`, those of the API client, and the refusals of the API.
 */
export async function models(
  word: string | undefined,
  subject: string | undefined,
  options: ModelsOptions,
  context: CommandContext,
): Promise<void> {
  const client = daemonClient(options, context);
  if (!isAction(word)) {
    if (subject !== undefined)
      throw new ForewarnError('OPTION_INVALID', `there is no action ${word}`, {
        hint: `One of ${actions.join(', ')}; with the name of a class alone its versions are shown.`,
      });
    return list(client, word, options, context);
  }
  const what = word === 'retrain' ? 'the name of a class' : 'the id of a version';
  if (subject === undefined)
    throw new ForewarnError('OPTION_INVALID', `${word} needs ${what}`, {
      hint: '`forewarn models` shows classes and versions.',
    });
  if (options.by === undefined)
    throw new ForewarnError('OPTION_INVALID', `${word} needs --by`, {
      hint: `For example: forewarn models ${word} ${subject} --by ada --comment "new bearings"`,
    });
  const order = {
    by: String(options.by),
    ...(options.comment === undefined ? {} : { comment: String(options.comment) }),
  };
  if (word === 'retrain') {
    const body = { ...order, class: subject, withAlerted: options.withAlerted === true };
    const begun = await client.post<{ class: string }>('/api/v1/retrain', body);
    context.out(
      options.json
        ? JSON.stringify(begun)
        : `${begun.class} is being trained; \`forewarn models ${begun.class}\` says what comes of it`,
    );
    return;
  }
  const model = await client.post<ModelBody>(`/api/v1/models/${encodeURIComponent(subject)}/${word}`, order);
  context.out(options.json ? JSON.stringify(model) : `${model.id} is ${stateText(model)}`);
}

function isAction(word: string | undefined): word is Action {
  return (actions as readonly (string | undefined)[]).includes(word);
}

async function list(
  client: ApiClient,
  className: string | undefined,
  { json }: ModelsOptions,
  context: CommandContext,
): Promise<void> {
  const { classes } = await client.get<StatusBody>('/api/v1/status');
  const shown = classes.filter(({ name }) => className === undefined || name === className);
  if (shown.length === 0)
    throw new ForewarnError('NO_SUCH_CLASS', `there is no class ${className}`, {
      hint: `Its classes are: ${classes.map(({ name }) => name).join(', ')}. The actions: ${actions.join(', ')}.`,
    });
  const query = className === undefined ? '' : `?${new URLSearchParams({ class: className })}`;
  const { models: versions } = await client.get<{ models: ModelBody[] }>(`/api/v1/models${query}`);
  if (json) {
    const retraining = Object.fromEntries(shown.map((one) => [one.name, one.retraining]));
    context.out(JSON.stringify({ models: versions, retraining }));
    return;
  }
  const head = ['VERSION', 'STATE', 'TRAINED ON (UTC)', 'ROWS', 'ERROR', 'THRESHOLDS', 'WHY'];
  if (versions.length === 0) context.out('There are no models yet.');
  else for (const line of textTable(head, versions.map(rowOf))) context.out(line);
  for (const one of shown) for (const line of outlook(one)) context.out(line);
}

/** The card on the wire: its times are ISO 8601. */
function rowOf(model: ModelBody): string[] {
  const { data, training, threshold } = model.card as unknown as Omit<ModelCard, 'data'> & {
    readonly data: Omit<ModelCard['data'], 'fromAt' | 'toAt'> & { fromAt: string; toAt: string };
  };
  const error = Math.min(...training.heldOutLoss);
  return [
    model.id,
    stateText(model),
    `${minute(data.fromAt)} to ${minute(data.toAt)}`,
    String(data.rows),
    Number.isFinite(error) ? error.toFixed(4) : '-',
    // A version from before there were detectors has none.
    (threshold.detectors ?? []).map(({ value }) => value?.toFixed(2) ?? '-').join(' ') || '-',
    `${model.reason ?? '-'}${model.by === null ? '' : ` (${model.by})`}`,
  ];
}

function outlook({ name, state, progress, retraining }: StatusBody['classes'][number]): string[] {
  const { nextRunAt, challenger, shadow, lastResult, lastRunAt, lastReason, drift } = retraining;
  const lines: string[] = [];
  if (state !== 'ready') lines.push(`${name} is ${state}: ${Math.round(progress * 100)} %`);
  else if (shadow !== null)
    lines.push(
      `${name} tries ${challenger}: ${shadow.alerts} alerts on ${shadow.windows} live windows; the model in use, ${shadow.championAlerts}`,
    );
  else if (retraining.state === 'waiting')
    lines.push(`${name}: ${challenger} waits for \`forewarn models promote ${challenger} --by NAME\``);
  else if (retraining.state !== 'idle') lines.push(`${name} is being retrained (${retraining.state})`);
  if (nextRunAt !== null) lines.push(`${name} trains next on ${minute(nextRunAt)}`);
  if (lastRunAt !== null && lastResult !== null)
    lines.push(`${name} last trained on ${minute(lastRunAt)}: ${lastResult}. ${lastReason ?? ''}`.trimEnd());
  if (drift.moved.length > 0) lines.push(`${name} has drifted: ${drift.moved.join(', ')}`);
  return lines;
}

function stateText({ state, pinned }: ModelBody): string {
  return `${state.replaceAll('_', ' ')}${pinned ? ', pinned' : ''}`;
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}
