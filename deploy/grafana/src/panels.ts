import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { influx } from './sources.ts';

/** The grid is 24 wide; heights are in units of 30 pixels. */
const STAT = { width: 4, height: 4 };

/** Green below the first limit, then one colour a limit. */
export function limits(orange: number, red?: number): ThresholdsConfigBuilder {
  const steps = [
    { value: null, color: 'green' },
    { value: orange, color: red === undefined ? 'red' : 'orange' },
    ...(red === undefined ? [] : [{ value: red, color: 'red' }]),
  ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** One number; what InfluxDB answers with nothing, because there is none, is shown as `none`. */
export function number(title: string, description: string, none = '0'): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(influx)
    .span(STAT.width)
    .height(STAT.height)
    .noValue(none)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: 'text' }]),
    )
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
}

/** Lines over time. */
export function lines(title: string, description: string): timeseries.PanelBuilder {
  return new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(influx)
    .span(12)
    .height(8)
    .showPoints(common.VisibilityMode.Auto)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
}

/** Stacked bars, one for each step of time. */
export function bars(title: string, description: string): timeseries.PanelBuilder {
  return lines(title, description)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(70)
    .lineWidth(0)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
}

/** Scores, with a line at the threshold, which is 1.0 for every model. */
export function scores(title: string, description: string): timeseries.PanelBuilder {
  return lines(title, description)
    .min(0)
    .axisSoftMax(1.2)
    .thresholds(limits(1))
    .thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
}

/** When alerts fired: 1 and 0 of `forewarn_transition` as red and green. */
export function firing(title: string, description: string): statetimeline.PanelBuilder {
  return new statetimeline.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(influx)
    .span(24)
    .height(8)
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .mappings([
      {
        type: MappingType.ValueToText,
        options: {
          '0': { text: 'normal', color: 'green', index: 0 },
          '1': { text: 'alert', color: 'red', index: 1 },
        },
      },
    ]);
}

/** A table whose column `asset`, if it has one, leads to the asset's dashboard. */
export function list(title: string, description: string): table.PanelBuilder {
  const links: DynamicConfigValue = {
    id: 'links',
    value: [{ title: 'This asset', url: `/d/forewarn-asset?var-asset=\${__value.raw}&\${__url_time_range}` }],
  };
  return new table.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(influx)
    .span(12)
    .height(9)
    .overrideByName('asset', [links])
    .overrideByName('seconds', [{ id: 'unit', value: 's' }]);
}
