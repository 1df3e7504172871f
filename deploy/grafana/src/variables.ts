import {
  QueryVariableBuilder,
  type VariableOption,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { influx } from './sources.ts';

const all: VariableOption = { selected: true, text: 'All', value: '$__all' };

function variable(name: string, query: string, refresh: VariableRefresh) {
  return new QueryVariableBuilder(name)
    .datasource(influx)
    .query(query)
    .definition(query)
    .refresh(refresh)
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc);
}

/** Values of a tag of scores. `where` narrows them to what is chosen already. */
const tagValues = (tag: string, where: string) =>
  variable(
    tag,
    `SHOW TAG VALUES FROM "forewarn_score" WITH KEY = "${tag}"${where === '' ? '' : ` WHERE ${where}`}`,
    VariableRefresh.OnDashboardLoad,
  );

/** Any number of a tag's values; `.*` for all of them also takes assets whose topic has no such label. */
const choice = (tag: string, where: string) =>
  tagValues(tag, where).multi(true).includeAll(true).allValue('.*').current(all);

const is = (tag: string) => `"${tag}" =~ /^\${${tag}:regex}$/`;

/** InfluxQL that holds for the points of the chosen part of the plant. */
export const chosen = `${is('site')} AND ${is('line')} AND ${is('class')}`;

/** InfluxQL that holds for the points of the one chosen asset. */
export const ofAsset = `"asset" = '\${asset:raw}'`;

const site = () => choice('site', '');
const line = () => choice('line', is('site'));
export const assetClass = (where = '') => choice('class', where);
export const part = () => [site(), line(), assetClass(`${is('site')} AND ${is('line')}`)];
export const asset = () => tagValues('asset', chosen);

/**
 * Channels of the chosen asset that had the largest part in a score. The names of fields would be those of every
 * class, and a panel for each.
 */
export const channel = () =>
  variable(
    'channel',
    `SELECT DISTINCT("channel") FROM "forewarn_score" WHERE ${ofAsset} AND $timeFilter`,
    VariableRefresh.OnTimeRangeChanged,
  )
    .multi(true)
    .includeAll(true)
    .current(all);
