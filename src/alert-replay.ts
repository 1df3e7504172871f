import { join } from 'node:path';
import { isLimitRule } from './alerts/alert-rule.ts';
import { type Alerting, createAlerting } from './alerts/alerting.ts';
import { deviationGate } from './alerts/deviation.ts';
import { openJournal } from './alerts/journal.ts';
import { LimitWatch } from './alerts/limit-watch.ts';
import type { ClassConfig } from './config.ts';
import { silentLogger } from './log.ts';
import type { Alert, Clock, Row, Verdict } from './types.ts';

/** The alerts that a class would have raised, were its settings these. */
export interface AlertReplay {
  /** In order of time, an asset's before its verdicts. */
  onRow(row: Row): void;
  onVerdict(verdict: Verdict): void;
  /** By the time at which they were raised. */
  alerts(): readonly Alert[];
  close(): void;
}

/**
 * The same limits, deviations and alert states as a running line has, over a journal of their own in the folder
 * `directory`; without what keeps alerts from people, and without receivers.
 */
export function createAlertReplay(config: ClassConfig, directory: string, clock: Clock): AlertReplay {
  const journal = openJournal({ file: join(directory, 'replay.db'), clock });
  const limitAlert = { ...config.alert, forMs: 0, keepFiringForMs: 0 };
  const alerting: Alerting = createAlerting({
    journal,
    sinks: [],
    policies: (_, rule) => (isLimitRule(rule) ? limitAlert : config.alert),
    channels: () => config.channels,
    knows: { asset: () => true, class: () => true },
    clock,
    log: silentLogger,
  });
  alerting.start();
  const limits = new LimitWatch({
    channels: config.channels,
    consequence: config.alert.consequence,
    alerting: () => alerting,
    clock,
  });
  const gate = deviationGate({
    rules: config.channels.map(({ deviation }) => deviation),
    from: config.alert.clear,
  });
  return {
    onRow: (row) => limits.onRow(row),
    onVerdict: (verdict) => alerting.onVerdict(gate === null ? verdict : gate.judge(verdict)),
    alerts() {
      alerting.flush();
      const found: Alert[] = [];
      let cursor: string | null = null;
      do {
        const page = journal.list({ limit: 1000, ...(cursor === null ? {} : { cursor }) });
        found.push(...page.alerts);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return found.sort((a, b) => a.firedAt - b.firedAt);
    },
    close() {
      alerting.stop();
      journal.close();
    },
  };
}
