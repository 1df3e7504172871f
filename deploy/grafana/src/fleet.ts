import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { page } from './page.ts';
import { firing, limits, list, number, scores } from './panels.ts';
import { rows, series } from './sources.ts';
import { chosen, part } from './variables.ts';

/** The whole plant: which machines need a look, and what became of them lately. */
export function fleet(): DashboardBuilder {
  const scored = `FROM "forewarn_score" WHERE ${chosen} AND $timeFilter`;
  const lastScores = `(SELECT last("score") AS "last" ${scored} GROUP BY "asset")`;
  return page('fleet', 'Forewarn: fleet', 'now-6h')
    .variables(part())
    .withPanel(
      number('Assets scored', 'Assets with a score in this time.').withTarget(
        series('assets', `SELECT count("last") FROM ${lastScores}`),
      ),
    )
    .withPanel(
      number('Alerts firing', 'Alerts that fire now, whenever they began.')
        .thresholds(limits(1))
        .withTarget(
          series(
            'alerts',
            `SELECT sum("active") FROM (SELECT last("active") AS "active" FROM "forewarn_transition" WHERE ${chosen} GROUP BY "asset", "rule")`,
          ),
        ),
    )
    .withPanel(
      number('Over the threshold', 'Assets whose last score is 1.0 or more; not all become alerts.')
        .thresholds(limits(1))
        .withTarget(series('assets', `SELECT count("last") FROM ${lastScores} WHERE "last" >= 1`)),
    )
    .withPanel(
      number('Highest last score', 'The highest of the last scores of all assets.', 'no score')
        .decimals(2)
        .thresholds(limits(0.8, 1))
        .withTarget(series('score', `SELECT max("last") FROM ${lastScores}`)),
    )
    .withPanel(
      number('Alerts raised', 'Alerts raised in this time.').withTarget(
        series(
          'alerts',
          `SELECT count("id") FROM "forewarn_alert" WHERE "state" = 'firing' AND ${chosen} AND $timeFilter`,
        ),
      ),
    )
    .withPanel(
      number('Alerts resolved', 'Alerts resolved in this time.').withTarget(
        series(
          'alerts',
          `SELECT count("id") FROM "forewarn_alert" WHERE "state" = 'resolved' AND ${chosen} AND $timeFilter`,
        ),
      ),
    )
    .withPanel(
      scores(
        'Highest score by line',
        'The highest score of any asset of a line; 1.0 is the threshold.',
      ).withTarget(
        series(
          '$tag_site $tag_line',
          `SELECT max("score") ${scored} GROUP BY time($__interval), "site", "line" fill(none)`,
        ),
      ),
    )
    .withPanel(
      list(
        'Highest scores',
        'The twenty assets with the highest scores of this time, and which channel it was.',
      )
        .height(8)
        .withTarget(rows(`SELECT top("score", "asset", 20) AS "score", "channel", "share" ${scored}`)),
    )
    .withPanel(
      firing(
        'Alerts over time',
        'A row for each asset and rule that had a transition in this time.',
      ).withTarget(
        series(
          '$tag_asset $tag_rule',
          `SELECT max("active") FROM "forewarn_transition" WHERE ${chosen} AND $timeFilter GROUP BY time($__interval), "asset", "rule" fill(previous)`,
        ),
      ),
    )
    .withPanel(
      list('Latest alerts', 'Newest first, at most a hundred.')
        .span(24)
        .withTarget(
          rows(
            `SELECT "asset", "rule", "state", "priority", "summary", "peak_score", "seconds" FROM "forewarn_alert" WHERE ${chosen} AND $timeFilter ORDER BY time DESC LIMIT 100`,
          ),
        ),
    );
}
