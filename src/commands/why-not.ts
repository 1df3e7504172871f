import type { WhyNotBody } from '../api/why-not-schemas.ts';
import { ForewarnError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { daemonClient } from './daemon-client.ts';

export interface WhyNotOptions {
  readonly config: string;
  readonly url?: string;
  readonly json?: boolean;
}

/**
 * Shows why a running daemon does not alert for an asset.
 * @throws ForewarnError `OPTION_INVALID` without an id, and those of the API client.
 */
export async function whyNot(id: string, options: WhyNotOptions, context: CommandContext): Promise<void> {
  if (id.trim() === '')
    throw new ForewarnError('OPTION_INVALID', 'why-not needs the id of an asset', {
      hint: 'For example: forewarn why-not north/line-1/pump-3',
    });
  const path = `/api/v1/assets/${encodeURIComponent(id)}/why-not`;
  const answer = await daemonClient(options, context).get<WhyNotBody>(path);
  if (options.json) {
    context.out(JSON.stringify(answer));
    return;
  }
  const className = answer.class === null ? '' : ` (class ${answer.class})`;
  context.out(`${answer.asset}${className} is ${answer.alerting ? '' : 'not '}alerting:`);
  for (const [i, { reason, text }] of answer.findings.entries()) context.out(`${i + 1}. ${reason}: ${text}`);
}
