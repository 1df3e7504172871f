import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, it } from 'vitest';
import { dashboards } from '../../deploy/grafana/src/dashboards.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { type Influxd, influxd, startInfluxd } from '../alerts/influx/influxd.ts';
import { startAedes } from '../e2e/support/brokers.ts';
import { temporaryFolder, writeConfig } from '../e2e/support/config-file.ts';
import { startDaemon } from '../e2e/support/daemon.ts';
import { startPlant } from '../e2e/support/test-plant.ts';
import { until } from '../e2e/support/until.ts';
import { filled, queriesOf, type Values, variablesOf } from './grafana-queries.ts';

if (influxd === null) {
  console.warn('SKIPPED: the queries of the Grafana dashboards, because influxd is not installed.');
}

/** What InfluxDB answers under these names is no measured value: a row of them alone has no data. */
const tags = new Set(['time', 'asset', 'class', 'site', 'line', 'rule']);

type Time = Parameters<typeof filled>[2];

/** Values of a dashboard's variables from its own queries: those in `wanted`, or all that there are. */
async function choose(page: Dashboard, server: Influxd, wanted: Values, time: Time): Promise<Values> {
  const values: Record<string, string | readonly string[]> = {};
  for (const { name, query, includeAll, allValue } of variablesOf(page)) {
    const answer = await server.query(filled(String(query), values, time));
    const offered = answer.map(({ value, distinct }) => String(value ?? distinct));
    expect(offered, `${page.title}: nothing to choose for ${name}`).not.toHaveLength(0);
    const want = wanted[name];
    if (typeof want === 'string') expect(offered, `${page.title}: ${name}`).toContain(want);
    values[name] = want ?? (includeAll === true ? (allValue ?? offered) : offered[0]);
  }
  return values;
}

/** Places of queries that give no data; a panel that is repeated for each channel has a query for each. */
async function withoutData(page: Dashboard, server: Influxd, values: Values, time: Time): Promise<string[]> {
  const empty: string[] = [];
  for (const { place, text } of queriesOf(page).filter(({ source }) => source === 'forewarn-influxdb')) {
    const channels = text.includes(`\${channel:raw}`) ? values.channel : [''];
    for (const channel of channels) {
      const query = filled(text, channel === '' ? values : { ...values, channel }, time);
      const answer = await server.query(query).catch((error: Error) => {
        throw new Error(`${place}: ${error.message}\n${query}`);
      });
      const data = answer.some((row) =>
        Object.entries(row).some(([name, value]) => !tags.has(name) && value !== null),
      );
      if (!data) empty.push(`${place}: ${query}`);
    }
  }
  return empty;
}

describe.skipIf(influxd === null)('queries of the Grafana dashboards', { timeout: 120_000 }, () => {
  it('all find data in what a daemon wrote', async () => {
    const server = await startInfluxd();
    const broker = await startAedes();
    const file = writeConfig(temporaryFolder(), {
      broker,
      outputs: { influx: { url: server.url, rows: true, channel_errors: true } },
    });
    const daemon = await startDaemon(file);
    const startAt = Date.now() - 12 * 3_600_000;
    const plant = startPlant(broker.url, { speed: 200, startAt });
    await until('a model is in use', () => daemon.log().some(({ msg }) => msg === 'model in use'), {
      withinMs: 60_000,
    });
    // One alert that is over and one that fires, of the same pump: every query has something to find.
    const asset = plant.assetId(2);
    const transitions = (state: string) =>
      server.query(`SELECT id FROM forewarn_alert WHERE asset = '${asset}' AND state = '${state}'`);
    const endFault = plant.inject(2, 'leak');
    await until('an alert is written', async () => (await transitions('firing')).length === 1);
    endFault();
    await until('its end is written', async () => (await transitions('resolved')).length === 1);
    plant.inject(2, 'leak');
    await until('the next alert is written', async () => (await transitions('firing')).length === 2);
    await plant.stop();
    await until('all is written', async () => {
      const { influx, sinks } = (await daemon.get<StatusBody>('/api/v1/status')).body;
      return influx?.waiting === 0 && sinks.every(({ queued }) => queued === 0);
    });

    const [site, line] = asset.split('/');
    // A model's point has the time of its training, which is the daemon's own.
    const time = { from: startAt, to: Date.now(), step: 10_000 };
    const choices: Values[] = [{ asset }, { site: String(site), line: String(line), class: 'pump', asset }];
    for (const page of dashboards().values()) {
      for (const wanted of choices) {
        const values = await choose(page, server, wanted, time);
        expect(await withoutData(page, server, values, time), JSON.stringify(values)).toEqual([]);
      }
    }

    // No Prometheus here: what its queries name must at least be what the daemon has.
    const offered = await (await fetch(`${daemon.apiUrl}/metrics`)).text();
    const known = new Set([...offered.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const named = [...dashboards().values()]
      .flatMap(queriesOf)
      .filter(({ source }) => source === 'forewarn-prometheus')
      .flatMap(({ text }) => [...text.matchAll(/\b(?:forewarn|process|nodejs)_\w+/g)])
      .map(([name]) => name.replace(/_bucket$/, ''));
    expect(named).not.toHaveLength(0);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });

  it('count an asset whose topic has neither site nor line, while all are chosen', async () => {
    const server = await startInfluxd();
    await server.query('CREATE DATABASE forewarn');
    expect(await server.write('forewarn_score,asset=lone,class=pump score=0.5 1000', 'forewarn')).toBe(204);
    const counted = queriesOf(dashboards().get('fleet.json')!).find(({ place }) =>
      place.includes('Assets scored'),
    );
    const all = { site: '.*', line: '.*', class: '.*' };
    const query = filled(String(counted?.text), all, { from: 0, to: 2000, step: 10_000 });
    expect(await server.query(query)).toEqual([{ time: 0, count: 1 }]);
  });
});
