import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';

/** The data sources of provisioning/datasources, by the uid that they have there. */
export const influx: DataSourceRef = { type: 'influxdb', uid: 'forewarn-influxdb' };
export const prometheus: DataSourceRef = { type: 'prometheus', uid: 'forewarn-prometheus' };

/** A query as Grafana's InfluxDB plugin keeps it, for which the SDK has no type. */
interface InfluxQuery extends Dataquery {
  readonly datasource: DataSourceRef;
  readonly rawQuery: true;
  readonly query: string;
  readonly alias?: string;
  readonly resultFormat: 'time_series' | 'table';
}

function influxQuery(
  query: string,
  more: { alias?: string; resultFormat: InfluxQuery['resultFormat'] },
): Builder<InfluxQuery> {
  return {
    build: () => ({
      datasource: influx,
      rawQuery: true,
      query,
      ...more,
      // A mark for the compiler; it does not reach the JSON.
      _implementsDataqueryVariant() {},
    }),
  };
}

/** InfluxQL whose series are named by `alias`, in which `$tag_NAME` is the value of a tag. */
export const series = (alias: string, query: string) =>
  influxQuery(query, { alias, resultFormat: 'time_series' });

/** InfluxQL whose tags and fields are the columns of a table. */
export const rows = (query: string) => influxQuery(query, { resultFormat: 'table' });

/** PromQL over time; `{{label}}` in the legend is the value of a label. */
export const promql = (legend: string, expression: string) =>
  new DataqueryBuilder().datasource(prometheus).expr(expression).legendFormat(legend).range();
