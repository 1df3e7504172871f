import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { page } from './page.ts';
import { limits, lines, list, number, scores } from './panels.ts';
import { prometheus, promql, rows, series } from './sources.ts';
import { assetClass } from './variables.ts';

const ofClass = `"class" =~ /^\${class:regex}$/ AND $timeFilter`;
const stepwise = 'GROUP BY time($__interval), "class" fill(none)';

/** Whether Forewarn itself is well: what it scores, its models, and from Prometheus what InfluxDB cannot know. */
export function forewarn(): DashboardBuilder {
  return page('itself', 'Forewarn: itself', 'now-24h')
    .variables([assetClass()])
    .withPanel(
      number('Assets scored', 'Assets with a score in this time.')
        .span(6)
        .withTarget(
          series(
            'assets',
            `SELECT count("last") FROM (SELECT last("score") AS "last" FROM "forewarn_score" WHERE ${ofClass} GROUP BY "asset")`,
          ),
        ),
    )
    .withPanel(
      number('Windows scored', 'Windows with a score in this time.')
        .span(6)
        .withTarget(series('windows', `SELECT count("score") FROM "forewarn_score" WHERE ${ofClass}`)),
    )
    .withPanel(
      number('Models trained', 'Models that came into use in this time.')
        .span(6)
        .withTarget(series('models', `SELECT count("model") FROM "forewarn_training" WHERE ${ofClass}`)),
    )
    .withPanel(
      number('Longest training', 'Of the models that came into use in this time.', 'none')
        .span(6)
        .unit('s')
        .withTarget(series('seconds', `SELECT max("seconds") FROM "forewarn_training" WHERE ${ofClass}`)),
    )
    .withPanel(
      lines(
        'Windows scored a second',
        'By class, in the time of the assets. A fall means that data or scores are missing.',
      )
        .min(0)
        .withTarget(
          series(
            '$tag_class',
            `SELECT count("score") / $__interval_ms * 1000 FROM "forewarn_score" WHERE ${ofClass} ${stepwise}`,
          ),
        ),
    )
    .withPanel(
      lines('Assets with scores', 'How many assets of each class had a score in each step.')
        .min(0)
        .withTarget(
          series(
            '$tag_class',
            `SELECT count("last") FROM (SELECT last("score") AS "last" FROM "forewarn_score" WHERE ${ofClass} GROUP BY time($__interval), "asset", "class") WHERE $timeFilter ${stepwise}`,
          ),
        ),
    )
    .withPanel(
      scores(
        'Ordinary scores',
        'The median and the 99th percentile of all scores. If they rise for days, a model grows old.',
      )
        .span(24)
        .withTarget(
          series(
            '$tag_class median',
            `SELECT percentile("score", 50) FROM "forewarn_score" WHERE ${ofClass} ${stepwise}`,
          ),
        )
        .withTarget(
          series(
            '$tag_class 99 %',
            `SELECT percentile("score", 99) FROM "forewarn_score" WHERE ${ofClass} ${stepwise}`,
          ),
        ),
    )
    .withPanel(
      list('Models', 'Models that came into use, newest first, and what their training came to.')
        .span(24)
        .withTarget(
          rows(
            `SELECT "class", "model", "seconds", "steps", "fit_loss", "held_out_loss", "held_out_exceeded" FROM "forewarn_training" WHERE ${ofClass} ORDER BY time DESC LIMIT 100`,
          ),
        ),
    )
    .withRow(fromPrometheus());
}

/** Closed, because a closed row asks nothing: without Prometheus there is nothing to see and no error either. */
function fromPrometheus(): RowBuilder {
  const graph = (title: string, description: string, ...queries: [legend: string, expression: string][]) =>
    queries.reduce(
      (panel, [legend, expression]) => panel.withTarget(promql(legend, expression)),
      lines(title, description).datasource(prometheus).span(8).min(0),
    );
  return new RowBuilder('From Prometheus, if you have it')
    .collapsed(true)
    .withPanel(
      graph('Broker connected', '1 while the broker is connected.', [
        '{{instance}}',
        'forewarn_mqtt_connected',
      ])
        .max(1)
        .thresholds(limits(1)),
    )
    .withPanel(
      graph(
        'Messages a second',
        'What came from the broker, and what could not be used.',
        ['received', 'sum(rate(forewarn_messages_total[$__rate_interval]))'],
        ['refused: {{reason}}', 'sum by (reason) (rate(forewarn_messages_refused_total[$__rate_interval]))'],
      ),
    )
    .withPanel(graph('Assets', 'By state.', ['{{state}}', 'sum by (state) (forewarn_assets)']))
    .withPanel(
      graph(
        'Windows dropped a second',
        'Windows without a score, because scoring could not keep up or failed.',
        ['{{reason}}', 'sum by (reason) (rate(forewarn_windows_dropped_total[$__rate_interval]))'],
      ),
    )
    .withPanel(
      graph('Windows waiting', 'Windows that wait for a score.', [
        '{{instance}}',
        'forewarn_windows_waiting',
      ]),
    )
    .withPanel(
      graph('Time to score a batch', '99th percentile.', [
        '{{instance}}',
        'histogram_quantile(0.99, sum by (instance, le) (rate(forewarn_score_batch_duration_seconds_bucket[$__rate_interval])))',
      ]).unit('s'),
    )
    .withPanel(
      graph(
        'Notifications',
        'What waits for each sink, and what was refused for good.',
        ['waiting: {{sink}}', 'sum by (sink) (forewarn_outbox_queued)'],
        ['refused: {{sink}}', 'sum by (sink) (forewarn_outbox_dead)'],
      ),
    )
    .withPanel(
      graph(
        'Points for InfluxDB',
        'What waits, and what was lost a second.',
        ['waiting', 'sum(forewarn_influx_points_waiting)'],
        [
          'lost: {{reason}}',
          'sum by (reason) (rate(forewarn_influx_points_dropped_total[$__rate_interval]))',
        ],
      ),
    )
    .withPanel(
      graph('Trainings that failed', 'In the last day.', [
        '{{class}}',
        'sum by (class) (increase(forewarn_training_runs_total{result="failed"}[1d]))',
      ]),
    )
    .withPanel(
      graph('Memory', 'Of the daemon, without its training.', [
        '{{instance}}',
        'process_resident_memory_bytes{job="forewarn"}',
      ]).unit('bytes'),
    )
    .withPanel(
      graph('Processor', 'Cores that the daemon is using.', [
        '{{instance}}',
        'rate(process_cpu_seconds_total{job="forewarn"}[$__rate_interval])',
      ]),
    )
    .withPanel(
      graph('Event loop lag', '99th percentile.', [
        '{{instance}}',
        'nodejs_eventloop_lag_p99_seconds{job="forewarn"}',
      ]).unit('s'),
    );
}
