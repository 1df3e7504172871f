import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AxisPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type AnnotationQuery,
  AnnotationQueryBuilder,
  type DashboardBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { page } from './page.ts';
import { firing, limits, lines, list, number, scores } from './panels.ts';
import { influx, rows, series } from './sources.ts';
import { asset as assetVariable, channel, ofAsset, part } from './variables.ts';

const inTime = `${ofAsset} AND $timeFilter`;
const stepwise = 'GROUP BY time($__interval) fill(none)';

/** One machine: its score, which channels are to blame, what they measured, and its alerts. */
export function asset(): DashboardBuilder {
  return page('asset', 'Forewarn: asset', 'now-6h')
    .variables([...part(), assetVariable(), channel()])
    .annotation(transitions('Alert raised', 'firing', 'red'))
    .annotation(transitions('Alert resolved', 'resolved', 'green'))
    .withPanel(
      number('Score', 'The last score; 1.0 is the threshold.', 'no score')
        .decimals(2)
        .thresholds(limits(0.8, 1))
        .withTarget(series('score', `SELECT last("score") FROM "forewarn_score" WHERE ${inTime}`)),
    )
    .withPanel(
      number('Main channel', 'The channel with the largest part in the last score.', 'no score')
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('/^channel$/'))
        .withTarget(rows(`SELECT last("channel") AS "channel" FROM "forewarn_score" WHERE ${inTime}`)),
    )
    .withPanel(
      number('Alerts firing', 'Alerts that fire now, whenever they began.')
        .thresholds(limits(1))
        .withTarget(
          series(
            'alerts',
            `SELECT sum("active") FROM (SELECT last("active") AS "active" FROM "forewarn_transition" WHERE ${ofAsset} GROUP BY "rule")`,
          ),
        ),
    )
    .withPanel(
      number('Alerts raised', 'Alerts raised in this time.').withTarget(
        series('alerts', `SELECT count("id") FROM "forewarn_alert" WHERE "state" = 'firing' AND ${inTime}`),
      ),
    )
    .withPanel(
      number('Time in alert', 'How long the episodes that ended in this time were, together.', 'none')
        .unit('s')
        .withTarget(series('seconds', `SELECT sum("seconds") FROM "forewarn_alert" WHERE ${inTime}`)),
    )
    .withPanel(
      number('Highest score', 'The highest score of this time.', 'no score')
        .decimals(2)
        .thresholds(limits(0.8, 1))
        .withTarget(series('score', `SELECT max("score") FROM "forewarn_score" WHERE ${inTime}`)),
    )
    .withPanel(
      scores('Score', 'The highest score of each step; 1.0 is the threshold.')
        .span(24)
        .withTarget(series('score', `SELECT max("score") FROM "forewarn_score" WHERE ${inTime} ${stepwise}`)),
    )
    .withPanel(
      firing('Alerts', 'A row for each rule that had a transition in this time.')
        .height(4)
        .withTarget(
          series(
            '$tag_rule',
            `SELECT max("active") FROM "forewarn_transition" WHERE ${inTime} GROUP BY time($__interval), "rule" fill(previous)`,
          ),
        ),
    )
    .withPanel(
      lines('Shares of the score', 'Which channels the score comes from. Needs `influx.channel_errors`.')
        .span(24)
        .unit('percentunit')
        .min(0)
        .max(1)
        .fillOpacity(40)
        .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
        .withTransformation({
          id: 'renameByRegex',
          options: { regex: '^mean_share_(.*)$', renamePattern: '$1' },
        })
        .withTarget(
          series(
            '$col',
            `SELECT mean(/^share_\${channel:regex}$/) FROM "forewarn_channel_error" WHERE ${inTime} ${stepwise}`,
          ),
        ),
    )
    .withPanel(
      lines('$channel', 'What was measured (left) and how far it is from what was expected (right).')
        .span(24)
        .repeat('channel')
        .repeatDirection('h')
        .maxPerRow(2)
        .withTarget(
          series(
            'measured',
            `SELECT mean("\${channel:raw}") FROM "forewarn_row" WHERE ${inTime} ${stepwise}`,
          ),
        )
        .withTarget(
          series(
            'off by',
            `SELECT mean("error_\${channel:raw}") FROM "forewarn_channel_error" WHERE ${inTime} ${stepwise}`,
          ),
        )
        .overrideByName('off by', [
          { id: 'custom.axisPlacement', value: AxisPlacement.Right },
          { id: 'custom.axisCenteredZero', value: true },
          { id: 'custom.fillOpacity', value: 20 },
          { id: 'custom.lineWidth', value: 0 },
        ]),
    )
    .withPanel(
      list('Alerts of this asset', 'Newest first, at most a hundred.')
        .span(24)
        .withTarget(
          rows(
            `SELECT "state", "rule", "priority", "summary", "peak_score", "seconds", "id" FROM "forewarn_alert" WHERE ${inTime} ORDER BY time DESC LIMIT 100`,
          ),
        ),
    );
}

/** An annotation as Grafana's InfluxDB plugin keeps it: the query beside the SDK's fields, not in `target`. */
interface InfluxAnnotation extends AnnotationQuery {
  readonly query: string;
  readonly textColumn: string;
  readonly tagsColumn: string;
}

/** A line at each transition of the asset's alerts, with the alert's own sentence. */
function transitions(name: string, state: 'firing' | 'resolved', color: string): Builder<InfluxAnnotation> {
  const annotation = new AnnotationQueryBuilder().name(name).datasource(influx).enable(true).iconColor(color);
  const query = `SELECT "summary", "rule" FROM "forewarn_alert" WHERE "state" = '${state}' AND ${inTime}`;
  return { build: () => ({ ...annotation.build(), query, textColumn: 'summary', tagsColumn: 'rule' }) };
}
