import type { SilenceBody } from '../api/silence-schemas.ts';
import { ForewarnError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { daemonClient } from './daemon-client.ts';
import { textTable } from './text-table.ts';

export interface SilencesOptions {
  readonly config: string;
  readonly url?: string;
  readonly by?: string;
  readonly comment?: string;
  readonly for?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/**
 * Lists the silences of a running daemon, adds one, or ends one.
 * @throws ForewarnError `OPTION_INVALID`, those of the API client, and the refusals of the API.
 */
export async function silences(
  action: string | undefined,
  words: readonly string[],
  options: SilencesOptions,
  context: CommandContext,
): Promise<void> {
  if (action === undefined || action === 'list') return list(options, context);
  if (action === 'add') return add(words, options, context);
  if (action === 'expire') return expire(words, options, context);
  throw new ForewarnError('OPTION_INVALID', `there is no action ${action}`, {
    hint: 'One of add, list, expire; without one the silences in force are shown.',
  });
}

async function list(options: SilencesOptions, context: CommandContext): Promise<void> {
  const query = options.all ? 'over=show&limit=1000' : 'limit=1000';
  const { silences } = await daemonClient(options, context).get<{ silences: SilenceBody[] }>(
    `/api/v1/silences?${query}`,
  );
  if (options.json) context.out(JSON.stringify(silences));
  else if (silences.length === 0) context.out('No silences.');
  else {
    const rows = silences.map((one) => [
      one.id,
      one.state,
      (one.endedAt ?? one.until).slice(0, 16).replace('T', ' '),
      String(one.muting),
      one.by,
      `${one.matchers.join(' ')}: ${one.comment}`,
    ]);
    for (const line of textTable(['ID', 'STATE', 'UNTIL (UTC)', 'MUTES', 'BY', 'WHAT'], rows))
      context.out(line);
  }
}

async function add(
  matchers: readonly string[],
  options: SilencesOptions,
  context: CommandContext,
): Promise<void> {
  const { by, comment } = options;
  const duration = options.for;
  if (matchers.length === 0 || by === undefined || comment === undefined || duration === undefined) {
    throw new ForewarnError('OPTION_INVALID', 'add needs a matcher, --by, --comment and --for', {
      hint: 'For example: forewarn silences add site=north class=~pump.* --for 2h --by ada --comment "new seal"',
    });
  }
  // The command line reads what looks like a number as one.
  const body = { matchers, by: String(by), comment: String(comment), duration: String(duration) };
  const silence = await daemonClient(options, context).post<SilenceBody>('/api/v1/silences', body);
  context.out(options.json ? JSON.stringify(silence) : `${silence.id} silences until ${silence.until}`);
}

async function expire(
  words: readonly string[],
  options: SilencesOptions,
  context: CommandContext,
): Promise<void> {
  const [id] = words;
  if (id === undefined || options.by === undefined) {
    throw new ForewarnError('OPTION_INVALID', 'expire needs the id of a silence and --by', {
      hint: '`forewarn silences` shows the ids of those in force.',
    });
  }
  const path = `/api/v1/silences/${encodeURIComponent(id)}?by=${encodeURIComponent(String(options.by))}`;
  const silence = await daemonClient(options, context).delete<SilenceBody>(path);
  context.out(options.json ? JSON.stringify(silence) : `${silence.id} is over`);
}
