import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { page } from './page.ts';
import { bars, limits, list, number } from './panels.ts';
import { influx, rows, series } from './sources.ts';
import { chosen, part } from './variables.ts';

const raised = `FROM "forewarn_alert" WHERE "state" = 'firing' AND ${chosen} AND $timeFilter`;
const resolved = `FROM "forewarn_alert" WHERE "state" = 'resolved' AND ${chosen} AND $timeFilter`;
/** Alerts raised in each step of time, steps without any included. */
const perStep = (step: string) => `(SELECT count("id") AS "alerts" ${raised} GROUP BY time(${step}) fill(0))`;

/**
 * How well the alerts work, by the measures of ISA-18.2 and EEMUA 191. Limits are those for one operator: about one
 * alarm in ten minutes is acceptable, more than ten in ten minutes are a flood.
 */
export function alarmKpis(): DashboardBuilder {
  return page('alarm-kpis', 'Forewarn: alarm KPIs', 'now-30d')
    .variables(part())
    .withPanel(
      number('Alerts raised', 'Alerts raised in this time.').withTarget(
        series('alerts', `SELECT count("id") ${raised}`),
      ),
    )
    .withPanel(
      number('A day', 'Alerts raised on an average day. One operator can answer about 150.')
        .decimals(1)
        .thresholds(limits(150, 300))
        .withTarget(series('alerts', `SELECT mean("alerts") FROM ${perStep('1d')}`)),
    )
    .withPanel(
      number('Most in ten minutes', 'The worst ten minutes. More than ten alerts are a flood.')
        .thresholds(limits(2, 11))
        .withTarget(series('alerts', `SELECT max("alerts") FROM ${perStep('10m')}`)),
    )
    .withPanel(
      number('Median length', 'Half of the episodes that ended were longer.', 'none')
        .unit('s')
        .withTarget(series('seconds', `SELECT median("seconds") ${resolved}`)),
    )
    .withPanel(
      number(
        '90 % were shorter than',
        'Length of all but the longest tenth of the episodes that ended.',
        'none',
      )
        .unit('s')
        .withTarget(series('seconds', `SELECT percentile("seconds", 90) ${resolved}`)),
    )
    .withPanel(
      number(
        'Over in ten minutes',
        'Episodes too short for anybody to have done something about them.',
      ).withTarget(series('alerts', `SELECT count("seconds") ${resolved} AND "seconds" < 600`)),
    )
    .withPanel(
      bars('Alerts a day', 'Alerts raised each day, by site.')
        .interval('1d')
        .withTarget(series('$tag_site', `SELECT count("id") ${raised} GROUP BY time(1d), "site" fill(0)`)),
    )
    .withPanel(
      bars('Alerts an hour', 'Alerts raised each hour, by rule.')
        .interval('1h')
        .withTarget(series('$tag_rule', `SELECT count("id") ${raised} GROUP BY time(1h), "rule" fill(0)`)),
    )
    .withPanel(
      list('Most alerts', 'The ten assets with the most alerts. A few machines often make most of them.')
        .span(8)
        .withTarget(
          rows(
            `SELECT top("alerts", "asset", 10) AS "alerts" FROM (SELECT count("id") AS "alerts" ${raised} GROUP BY "asset")`,
          ),
        ),
    )
    .withPanel(
      list('Longest in alert', 'The ten assets that spent the most time in episodes that ended.')
        .span(8)
        .withTarget(
          rows(
            `SELECT top("seconds", "asset", 10) AS "seconds" FROM (SELECT sum("seconds") AS "seconds" ${resolved} GROUP BY "asset")`,
          ),
        ),
    )
    .withPanel(byPriority())
    .withPanel(
      list('Fires now', 'All that fires, whenever it was raised: `time` is when.')
        .span(12)
        .withTarget(
          rows(
            `SELECT * FROM (SELECT last("active") AS "active", "id" FROM "forewarn_transition" WHERE ${chosen} GROUP BY "asset", "rule") WHERE "active" = 1`,
          ),
        ),
    )
    .withPanel(
      list('Alerts by class and rule', 'Alerts raised in this time.')
        .span(12)
        .withTarget(rows(`SELECT count("id") AS "alerts" ${raised} GROUP BY "class", "rule"`)),
    );
}

/** Priority is a field, by which InfluxQL cannot group: Grafana counts. */
function byPriority(): BarChart {
  return new BarChart()
    .title('Priorities')
    .description(
      'Alerts raised by priority. About 80 % low, 15 % medium and 5 % high is what operators can work with.',
    )
    .datasource(influx)
    .span(8)
    .height(9)
    .xField('priority')
    .withTransformation({
      id: 'groupBy',
      options: {
        fields: {
          priority: { aggregations: [], operation: 'groupby' },
          id: { aggregations: ['count'], operation: 'aggregate' },
        },
      },
    })
    .withTarget(rows(`SELECT "priority", "id" ${raised}`));
}
