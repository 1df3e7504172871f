import { type Alerting, createAlerting } from '../../../src/alerts/alerting.ts';
import type { AlertingOptions } from '../../../src/alerts/alerting-options.ts';
import type { Journal } from '../../../src/alerts/journal.ts';
import { silentLogger } from '../../../src/log.ts';
import { channels, policy } from './fixtures.ts';

export const clock = () => 1_700_000_000_000;

export function alertingOn(journal: Journal, changes: Partial<AlertingOptions> = {}): Alerting {
  const policies = () => policy;
  const fixed = {
    journal,
    sinks: ['ops', 'log'],
    policies,
    channels: () => channels,
    knows: { asset: () => true, class: () => true },
    clock,
    log: silentLogger,
  };
  return createAlerting({ ...fixed, ...changes });
}
