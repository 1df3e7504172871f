import type { AlertBody } from '../api/alert-schemas.ts';
import type { HoldBody } from '../api/command-schemas.ts';
import type { ModelBody } from '../api/model-schemas.ts';
import { ForewarnError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { daemonClient } from './daemon-client.ts';
import { textTable } from './text-table.ts';

export interface AlertsOptions {
  readonly config: string;
  readonly url?: string;
  readonly by?: string;
  readonly comment?: string;
  readonly for?: string;
  readonly to?: string;
  readonly step?: string;
  readonly as?: string;
  readonly asset?: string;
  readonly class?: string;
  readonly json?: boolean;
}

/** What each action asks for, and the route that carries it out. */
const actions: Readonly<
  Record<string, { readonly route: string; readonly needs: readonly (keyof AlertsOptions)[] }>
> = {
  ack: { route: 'acknowledge', needs: ['by'] },
  comment: { route: 'comment', needs: ['by', 'comment'] },
  assign: { route: 'assign', needs: ['by', 'to'] },
  shelve: { route: 'shelve', needs: ['by', 'comment', 'for'] },
  unshelve: { route: 'unshelve', needs: ['by'] },
  judge: { route: 'judge', needs: ['by', 'as'] },
  'accept-level': { route: 'accept-level', needs: ['by'] },
  escalate: { route: 'escalate', needs: ['by'] },
};
const services: Readonly<Record<string, { readonly needs: readonly (keyof AlertsOptions)[] }>> = {
  'out-of-service': { needs: ['by', 'comment'] },
  'return-to-service': { needs: ['by'] },
};

/**
 * Shows the open alerts of a running daemon, or has it carry out one action of an operator.
 * @throws ForewarnError `OPTION_INVALID`, those of the API client, and the refusals of the API.
 */
export async function alerts(
  action: string | undefined,
  id: string | undefined,
  options: AlertsOptions,
  context: CommandContext,
): Promise<void> {
  if (action === undefined) return list(options, context);
  const names = [...Object.keys(actions), ...Object.keys(services)];
  if (!names.includes(action)) {
    throw new ForewarnError('OPTION_INVALID', `there is no action ${action}`, {
      hint: `One of ${names.join(', ')}; without one the open alerts are shown.`,
    });
  }
  const order = { ...given('by', options.by), ...given('comment', options.comment) };
  const command = actions[action];
  if (command === undefined) {
    demand(action, services[action]!.needs, options);
    const body = { ...order, ...given('asset', options.asset), ...given('class', options.class) };
    const hold = await daemonClient(options, context).post<HoldBody>(`/api/v1/${action}`, body);
    const name = hold.asset ?? `class ${hold.class}`;
    context.out(
      options.json
        ? JSON.stringify(hold)
        : `${name} is ${action === 'out-of-service' ? 'out of' : 'back in'} service`,
    );
    return;
  }
  if (id === undefined) {
    throw new ForewarnError('OPTION_INVALID', `${action} needs the id of an alert`, {
      hint: '`forewarn alerts` shows the ids of those that are open.',
    });
  }
  demand(action, command.needs, options);
  const body = {
    ...order,
    ...given('to', options.to),
    ...given('duration', options.for),
    ...given('step', options.step),
    ...given('as', options.as),
  };
  const path = `/api/v1/alerts/${encodeURIComponent(id)}/${command.route}`;
  if (action === 'accept-level') {
    const model = await daemonClient(options, context).post<ModelBody>(path, body);
    context.out(options.json ? JSON.stringify(model) : `normal from now on, by ${model.id}: ${model.reason}`);
    return;
  }
  const alert = await daemonClient(options, context).post<AlertBody>(path, body);
  context.out(options.json ? JSON.stringify(alert) : `${alert.id} ${doneText(action, alert)}`);
}

function doneText(action: string, alert: AlertBody): string {
  const { escalation, outcome } = alert.handling;
  if (action === 'escalate') return `was escalated; ${escalation.sinks.join(', ')} will be told`;
  if (action !== 'judge') return `is ${stateText(alert)}`;
  if (outcome === null) return 'is judged no more';
  return outcome === 'fault' ? 'was a fault' : 'was a false alarm; the next training learns from its rows';
}

async function list(options: AlertsOptions, context: CommandContext): Promise<void> {
  const client = daemonClient(options, context);
  const query = new URLSearchParams({
    operatorState: 'open',
    ...given('asset', options.asset),
    ...given('class', options.class),
    limit: '1000',
  });
  const { alerts, next } = await client.get<{ alerts: AlertBody[]; next: string | null }>(
    `/api/v1/alerts?${query}`,
  );
  const { holds } = await client.get<{ holds: HoldBody[] }>('/api/v1/holds');
  if (options.json) {
    context.out(JSON.stringify({ alerts, holds }));
    return;
  }
  if (alerts.length === 0) context.out('No open alerts.');
  else {
    const rows = [...alerts]
      .sort(byUrgency)
      .map((alert) => [
        alert.priority,
        stateText(alert),
        alert.firedAt.slice(0, 19).replace('T', ' '),
        alert.id,
        alert.handling.assignee ?? '-',
        alert.summary,
      ]);
    for (const line of textTable(['PRIORITY', 'STATE', 'RAISED (UTC)', 'ID', 'ASSIGNED', 'WHAT'], rows))
      context.out(line);
  }
  if (next !== null) context.out('There are more; narrow them down with --asset or --class.');
  for (const hold of holds.filter(({ kind }) => kind === 'out_of_service')) {
    context.out(
      `${hold.asset ?? `class ${hold.class}`} is out of service since ${hold.since} (${hold.by}: ${hold.comment})`,
    );
  }
}

const priorities = ['critical', 'high', 'medium', 'low'];

/** What needs somebody first: the highest priority, and among equals the newest. */
function byUrgency(a: AlertBody, b: AlertBody): number {
  const rank = priorities.indexOf(a.priority) - priorities.indexOf(b.priority);
  return rank === 0 ? Date.parse(b.firedAt) - Date.parse(a.firedAt) : rank;
}

function stateText({ operatorState, handling }: AlertBody): string {
  const word = operatorState.replaceAll('_', ' ');
  return handling.shelvedUntil === null ? word : `${word} until ${handling.shelvedUntil.slice(0, 16)}Z`;
}

function given(name: string, value: string | undefined): Record<string, string> {
  // The command line reads what looks like a number as one.
  return value === undefined ? {} : { [name]: String(value) };
}

function demand(action: string, needs: readonly (keyof AlertsOptions)[], options: AlertsOptions): void {
  const missing = needs.filter((name) => options[name] === undefined).map((name) => `--${name}`);
  if (missing.length === 0) return;
  throw new ForewarnError('OPTION_INVALID', `${action} needs ${missing.join(' and ')}`, {
    hint: `For example: forewarn alerts ${action} ${action in services ? '--asset north/1/pump-3' : 'ID'} ${needs.map((name) => `--${name} ${examples[name]}`).join(' ')}`,
  });
}

const examples: Readonly<Partial<Record<keyof AlertsOptions, string>>> = {
  by: 'ada',
  comment: '"part is ordered"',
  for: '8h',
  to: 'carl',
  as: 'false_alarm',
};
