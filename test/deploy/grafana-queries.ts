import type { Dashboard, Panel, RowPanel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';

/** A query of a dashboard, as Grafana keeps it. */
export interface DashboardQuery {
  /** Dashboard, panel and letter, for messages. */
  readonly place: string;
  readonly source: string;
  /** InfluxQL or PromQL. */
  readonly text: string;
}

/** Values of the variables of a dashboard: one, several, or a regular expression that stands for all. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

const isRow = (panel: Panel | RowPanel): panel is RowPanel => panel.type === 'row';

/** All panels, those of rows included, without the rows. */
export function panelsOf(dashboard: Dashboard): readonly Panel[] {
  return (dashboard.panels ?? []).flatMap((panel) => (isRow(panel) ? panel.panels : [panel]));
}

export function variablesOf(dashboard: Dashboard): readonly VariableModel[] {
  return dashboard.templating?.list ?? [];
}

/** Every query of panels and annotations. */
export function queriesOf(dashboard: Dashboard): readonly DashboardQuery[] {
  const ofPanels = panelsOf(dashboard).flatMap(({ title, targets }) =>
    (targets ?? []).map((target) => {
      const { refId, datasource, query, expr } = target as unknown as Record<string, string> & {
        datasource: { uid: string };
      };
      return {
        place: `${dashboard.title} / ${title} / ${refId}`,
        source: datasource.uid,
        text: query ?? expr ?? '',
      };
    }),
  );
  const ofAnnotations = (dashboard.annotations?.list ?? []).map((annotation) => ({
    place: `${dashboard.title} / annotation ${annotation.name}`,
    source: String(annotation.datasource?.uid),
    text: (annotation as unknown as { query: string }).query,
  }));
  return [...ofPanels, ...ofAnnotations];
}

/**
 * Fills in variables and macros as Grafana does: https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax.
 * Throws where one is left over.
 */
export function filled(
  text: string,
  values: Values,
  time: { from: number; to: number; step: number },
): string {
  const result = text
    .replaceAll('$timeFilter', `time >= ${time.from}ms and time <= ${time.to}ms`)
    .replaceAll('$__interval_ms', String(time.step))
    .replaceAll('$__interval', `${time.step}ms`)
    .replace(/\$\{(\w+):(regex|raw)\}/g, (_, name: string, format: 'regex' | 'raw') => {
      const value = values[name];
      if (value === undefined) throw new Error(`nothing for the variable ${name} in: ${text}`);
      // What a variable has for "All" is filled in as it stands, whatever the format.
      if (value === '.*') return value;
      if (typeof value === 'string') return format === 'raw' ? value : escaped(value);
      if (format === 'raw') throw new Error(`several values for ${name} where one is needed: ${text}`);
      return `(${value.map(escaped).join('|')})`;
    });
  if (/\$(?!\/)/.test(result)) throw new Error(`not filled in: ${result}`);
  return result;
}

function escaped(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}
