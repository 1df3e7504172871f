import type { AlertRule, LimitRule, WatchdogRule } from '../types.ts';

/** What a rule is of, whatever its channel: few enough to be a metric's label. */
export type RuleKind = 'anomaly' | 'silent' | 'limit' | 'watchdog';

export function ruleKindOf(rule: AlertRule): RuleKind {
  if (isWatchdogRule(rule)) return 'watchdog';
  return isLimitRule(rule) ? 'limit' : rule;
}

export function isLimitRule(rule: AlertRule): rule is LimitRule {
  return rule.startsWith('limit:');
}

export function isWatchdogRule(rule: AlertRule): rule is WatchdogRule {
  return rule.startsWith('watchdog:');
}
