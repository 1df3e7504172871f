import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
} from '@grafana/grafana-foundation-sdk/dashboard';

/** An empty dashboard with links to the others, which keep the time and what is chosen. */
export function page(name: string, title: string, from: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(`forewarn-${name}`)
    .tags(['forewarn'])
    .timezone('browser')
    .time({ from, to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Forewarn')
        .type(DashboardLinkType.Dashboards)
        .tags(['forewarn'])
        .includeVars(true)
        .keepTime(true),
    );
}
