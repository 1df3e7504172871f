import type { Dashboard, DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { alarmKpis } from './alarm-kpis.ts';
import { asset } from './asset.ts';
import { fleet } from './fleet.ts';
import { forewarn } from './forewarn.ts';

/** All dashboards, by the name of their file. */
export function dashboards(): ReadonlyMap<string, Dashboard> {
  const pages: [string, DashboardBuilder][] = [
    ['fleet.json', fleet()],
    ['asset.json', asset()],
    ['alarm-kpis.json', alarmKpis()],
    ['forewarn.json', forewarn()],
  ];
  return new Map(pages.map(([file, builder]) => [file, numbered(builder.build())]));
}

/** The text of a dashboard's file. */
export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** Gives panels the ids that links and annotations need, and their queries the letters that Grafana would. */
function numbered(dashboard: Dashboard): Dashboard {
  const panels = (dashboard.panels ?? []).flatMap((panel) =>
    'panels' in panel ? [panel, ...panel.panels] : [panel],
  );
  for (const [index, panel] of panels.entries()) {
    panel.id = index + 1;
    if (!('targets' in panel)) continue;
    for (const [letter, target] of (panel.targets ?? []).entries()) {
      Object.assign(target, { refId: 'ABCDEFGH'[letter] });
    }
  }
  return dashboard;
}
