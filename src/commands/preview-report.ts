import type { Preview, PreviewedAlert, PreviewSide } from '../api/preview-schemas.ts';
import type { Alert } from '../types.ts';
import { textTable } from './text-table.ts';

/** Sums up the alerts of one setting; `end` is the time of the last row. Pure. */
export function sideOf(alerts: readonly Alert[], end: number): PreviewSide {
  const ms = alerts.reduce((sum, alert) => sum + endOf(alert, end) - alert.startedAt, 0);
  return {
    alerts: alerts.length,
    secondsInAlarm: Math.round(ms / 1000),
    byAsset: countBy(alerts, ({ assetId }) => assetId),
    byDay: countBy(alerts, ({ firedAt }) => new Date(firedAt).toISOString().slice(0, 10)),
  };
}

/** Those of `alerts` that none of `others`, of the same asset and rule, overlaps. Pure. */
export function without(alerts: readonly Alert[], others: readonly Alert[], end: number): PreviewedAlert[] {
  const known = new Map<string, Alert[]>();
  for (const other of others) known.set(keyOf(other), [...(known.get(keyOf(other)) ?? []), other]);
  return alerts
    .filter(
      (alert) =>
        !(known.get(keyOf(alert)) ?? []).some(
          (other) => other.startedAt <= endOf(alert, end) && alert.startedAt <= endOf(other, end),
        ),
    )
    .map(({ assetId, rule, priority, startedAt, resolvedAt, peakScore }) => ({
      asset: assetId,
      rule,
      priority,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: resolvedAt === null ? null : new Date(resolvedAt).toISOString(),
      peakScore: peakScore === null ? null : Math.round(peakScore * 100) / 100,
    }));
}

/** Lists longer than this are cut in text, and whole in JSON. */
const mostLines = 20;

/** For people. */
export function previewLines(preview: Preview): string[] {
  const { present, changed, settings } = preview;
  const days = Math.round(preview.days * 10) / 10;
  return [
    `With ${settings.join(' and ')} class ${preview.class} would have raised ${alertsText(changed.alerts)} in ${days} days (${preview.from} to ${preview.to}); with the present settings ${present.alerts}.`,
    `Time in alarm: ${hours(changed)} h instead of ${hours(present)} h. ${preview.assets} assets, ${preview.rows} rows, ${preview.windows} windows.`,
    ...preview.notes,
    ...table('ASSET', present.byAsset, changed.byAsset),
    ...table('DAY (UTC)', present.byDay, changed.byDay),
    ...list('Would come:', preview.come),
    ...list('Would go:', preview.go),
  ];
}

function table(head: string, present: PreviewSide['byAsset'], changed: PreviewSide['byAsset']): string[] {
  const names = [...new Set([...Object.keys(present), ...Object.keys(changed)])].sort();
  if (names.length === 0) return [];
  const rows = names
    .slice(0, mostLines)
    .map((name) => [name, String(present[name] ?? 0), String(changed[name] ?? 0)]);
  return ['', ...textTable([head, 'NOW', 'THEN'], rows), ...more(names.length)];
}

function list(title: string, alerts: readonly PreviewedAlert[]): string[] {
  if (alerts.length === 0) return [];
  const lines = alerts
    .slice(0, mostLines)
    .map(
      ({ asset, rule, priority, startedAt, endedAt, peakScore }) =>
        `  ${startedAt} to ${endedAt ?? 'the end'}: ${asset}, ${rule}, ${priority}${peakScore === null ? '' : `, peak ${peakScore}`}`,
    );
  return ['', title, ...lines, ...more(alerts.length)];
}

function more(count: number): string[] {
  return count > mostLines ? [`  and ${count - mostLines} more (--json has all)`] : [];
}

function alertsText(count: number): string {
  return `${count} ${count === 1 ? 'alert' : 'alerts'}`;
}

function hours({ secondsInAlarm }: PreviewSide): number {
  return Math.round(secondsInAlarm / 360) / 10;
}

function endOf({ resolvedAt }: Alert, end: number): number {
  return resolvedAt ?? end;
}

function keyOf({ assetId, rule }: Alert): string {
  return `${rule} ${assetId}`;
}

function countBy(alerts: readonly Alert[], of: (alert: Alert) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const alert of alerts) counts.set(of(alert), (counts.get(of(alert)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
