import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import type { StatusBody } from '../../src/api/status-schema.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { findLayout } from '../../src/commands/influx/influx-layout.ts';
import { findAssets, findSpan, readSamples } from '../../src/commands/influx/influx-pages.ts';
import { createInfluxReader } from '../../src/commands/influx/influx-reader.ts';
import { train } from '../../src/commands/train.ts';
import type { TrainingInputOptions } from '../../src/commands/training-input.ts';
import { loadConfig } from '../../src/config.ts';
import { createRegistry } from '../../src/models/registry.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { payloadOf, topicOf } from '../../src/simulator/telemetry.ts';
import { type Influxd, influxd, startInfluxd } from '../alerts/influx/influxd.ts';
import { startAedes } from '../e2e/support/brokers.ts';
import { temporaryFolder } from '../e2e/support/config-file.ts';
import { startDaemon } from '../e2e/support/daemon.ts';
import { until } from '../e2e/support/until.ts';

const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
if (influxd === null)
  console.warn('SKIPPED: forewarn train --from influx, because influxd is not installed.');

const names = pumpChannels.map(({ name }) => name);
const startAt = Date.now() - 6 * 3_600_000;
/** Rows of each of the two pumps that the live daemon trains on. */
const ticks = 600;

interface Sample {
  readonly asset: string;
  readonly topic: string;
  readonly payload: string;
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What a plant publishes, with a lost message and a lost reading now and then, but not at the end. */
function samplesOf(): Sample[] {
  const plant = new Plant({ pumps: 2, seed: 5, startAt });
  return Array.from({ length: ticks }, (_, row) => {
    const at = plant.advance();
    return plant.pumps.flatMap((pump) => {
      if (row % 97 === 40 + pump.index) return [];
      const whole = payloadOf(pump, at);
      const payload = row % 61 === 7 ? whole.replace(/"flow":[\d.]+,/, '') : whole;
      const { ts, values } = JSON.parse(payload) as { ts: number; values: Sample['values'] };
      const topic = topicOf(pump);
      return [{ asset: topic.split('/').slice(1, 4).join('/'), topic, payload, at: ts, values }];
    });
  }).flat();
}

const samples = samplesOf();

function writeConfig(document: object): string {
  const folder = temporaryFolder();
  const file = join(folder, 'forewarn.yaml');
  const pump = {
    topic: 'plant/{site}/{line}/{asset}/telemetry',
    channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
    train: { after: 2 * ticks, steps: 20, batch: 32, hidden: 8, latent: 4 },
    retrain: { schedule: null },
  };
  writeFileSync(file, JSON.stringify({ state_dir: 'state', classes: { pump }, ...document }));
  return file;
}

/** Runs the command with a state directory of its own; gives what it said and the model's hash. */
async function runTrain(
  influx: object | undefined,
  options: Partial<TrainingInputOptions>,
  env: CommandContext['env'] = {},
): Promise<{ readonly told: string; readonly hash: string | undefined }> {
  const config = writeConfig(influx === undefined ? {} : { influx });
  const lines: string[] = [];
  const context: CommandContext = {
    env,
    signal: new AbortController().signal,
    interactive: false,
    out: (line) => void lines.push(line),
    write: () => undefined,
  };
  await train('pump', { config, labels: 'anomaly,changepoint', from: 'influx', ...options }, context);
  const model = createRegistry(join(config, '../state/models')).champion('pump');
  return { told: lines.join('\n'), hash: model?.card.hash };
}

/** A daemon with rows on their way to InfluxDB; the hash of the model that it makes of the samples by itself. */
async function streamLive(server: Influxd): Promise<string> {
  const broker = await startAedes();
  const config = writeConfig({
    log: { format: 'json' },
    mqtt: { url: broker.url, protocol: broker.protocol },
    api: { port: 0 },
    influx: { url: server.url, rows: true },
  });
  const daemon = await startDaemon(config);
  const client = await connectAsync(broker.url);
  for (const { topic, payload } of samples) await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
  await until('a model is in use', () => daemon.log().some(({ msg }) => msg === 'model in use'), {
    withinMs: 60_000,
  });
  await until('all is written', async () => {
    const { influx } = (await daemon.get<StatusBody>('/api/v1/status')).body;
    return influx?.waiting === 0;
  });
  expect((await daemon.kill('SIGTERM')).code).toBe(0);
  const model = createRegistry(join(config, '../state/models')).champion('pump');
  expect(model?.card.data.rows).toBe(2 * ticks);
  return model!.card.hash;
}

function csvFile(): string {
  const file = join(temporaryFolder(), 'pumps.csv');
  const lines = samples.map(({ asset, at, values }) =>
    [new Date(at).toISOString(), asset, ...names.map((name) => values[name] ?? '')].join(','),
  );
  writeFileSync(file, [['time', 'machine', ...names].join(','), ...lines].join('\n'));
  return file;
}

/** The same rows as two other systems would keep them: a field a channel, and a tag that names the channel. */
async function writeForeign(server: Influxd): Promise<void> {
  const machine = (asset: string) => asset.split('/')[2];
  const wide = samples.map(({ asset, at, values }) => {
    const fields = Object.entries(values).map(([name, value]) => `pv_${name}=${value}`);
    return `pumps,line=1,machine=${machine(asset)},kind=pump ${fields.join(',')} ${at}`;
  });
  const long = samples.flatMap(({ asset, at, values }) =>
    Object.entries(values).map(
      ([name, value]) => `readings,machine=${machine(asset)},sensor=${name} reading=${value} ${at}`,
    ),
  );
  const others = [
    `pumps,line=1,machine=fan-1,kind=fan pv_flow=1 ${startAt}`,
    `words said="hello" ${startAt}`,
  ];
  await server.query('CREATE DATABASE plant');
  expect(await server.write([...wide, ...others].join('\n'), 'plant')).toBe(204);
  expect(await server.write(long.join('\n'), 'plant')).toBe(204);
}

// `npm test` builds first; a bare vitest on a clean clone has nothing to start.
describe.skipIf(influxd === null || !existsSync(built))(
  'forewarn train --from influx',
  { timeout: 180_000 },
  () => {
    it('gives the model that the same rows gave live and from a CSV, whatever the schema', async () => {
      const server = await startInfluxd();
      const live = await streamLive(server);
      const csv = await runTrain(undefined, { from: csvFile(), assetColumn: 'machine' });
      expect(csv.hash).toBe(live);

      const own = await runTrain({ url: server.url }, {});
      expect(own.told).toMatch(/reading: \d+ %, \d+ of about \d+ rows/);
      expect(own.told).toMatch(
        /2 assets, 1200 rows of which 1\d are gaps; 0 readings were late and 0 repeated/,
      );
      expect(own.hash).toBe(live);

      await writeForeign(server);
      const there = { influxUrl: server.url, influxDatabase: 'plant' };
      const wide = await runTrain(undefined, {
        ...there,
        measurement: 'pumps',
        asset: 'north/line-{line}/{machine}',
        fields: names.map((name) => `${name}=pv_${name}`).join(','),
        where: `"kind" = 'pump'`,
      });
      expect(wide.hash).toBe(live);
      const long = await runTrain(undefined, {
        ...there,
        measurement: 'readings',
        asset: 'north/line-1/{machine}',
        channelTag: 'sensor',
        valueField: 'reading',
      });
      expect(long.hash).toBe(live);
    });

    it('reads the same page by page, points of one time never torn apart', async () => {
      const server = await startInfluxd();
      await writeForeign(server);
      const [pump] = loadConfig(writeConfig({}), {}).classes;
      const connection = { url: server.url, database: 'plant', username: null, password: null, token: null };
      const reader = createInfluxReader(connection, new AbortController().signal);
      const options = { measurement: 'readings', asset: '{machine}', channelTag: 'sensor' };
      const layout = await findLayout(pump, { ...options, valueField: 'reading', labels: '' }, reader);
      const span = await findSpan(layout, reader, { from: null, to: null });
      const { assets } = await findAssets(layout, reader, span!);
      expect(assets.map(({ assetId }) => assetId)).toEqual(['pump-1', 'pump-2']);
      const pagesOf = async (limit: number) => {
        const pages = [];
        for await (const page of readSamples(layout, reader, assets[0], span!, limit)) pages.push(page);
        return pages;
      };
      // Eight channels a time: no page ends where a time does.
      const pages = await pagesOf(21);
      expect(pages.length).toBeGreaterThan(200);
      expect(pages.flat()).toEqual((await pagesOf(10_000)).flat());
      expect(pages.flat()).toHaveLength(samples.filter(({ asset }) => asset.endsWith('pump-1')).length);
      await expect(pagesOf(8)).rejects.toMatchObject({ code: 'INFLUX_NOTHING_FOUND' });
    });

    it('reads with a user of InfluxDB 1.x, one asset and a range of time', async () => {
      const server = await startInfluxd({ auth: { user: 'ada', password: 'secret' } });
      await server.query('CREATE DATABASE forewarn');
      const rows = samples.map(
        ({ asset, at, values }) =>
          `forewarn_row,asset=${asset},class=pump ${Object.entries(values)
            .map(([name, value]) => `${name}=${value}`)
            .join(',')},anomaly=${at < startAt + 100_000 ? 1 : 0} ${at}`,
      );
      const others = samples.slice(0, 50).map(({ at }) => `forewarn_row,asset=a/b/c,class=fan flow=1 ${at}`);
      expect(await server.write([...rows, ...others].join('\n'), 'forewarn')).toBe(204);
      const login = { INFLUX_USERNAME: 'ada', INFLUX_PASSWORD: 'secret' };
      const { told } = await runTrain(
        undefined,
        {
          influxUrl: server.url,
          asset: 'north/line-1/pump-2',
          until: new Date(startAt + 499_000).toISOString(),
        },
        login,
      );
      expect(told).toMatch(/49\d samples, 1 assets, 500 rows of which [45] are gaps/);
      expect(told).toMatch(/(99|100|101) rows are marked by a label and left out/);
      await expect(
        runTrain(undefined, { influxUrl: server.url }, { ...login, INFLUX_PASSWORD: 'wrong' }),
      ).rejects.toMatchObject({
        code: 'INFLUX_REFUSED',
        message: expect.stringContaining('authorization failed'),
        hint: expect.stringContaining('INFLUX_PASSWORD'),
      });
    });

    it('says what is there instead of what was asked for', async () => {
      const server = await startInfluxd();
      await writeForeign(server);
      const there = { influxUrl: server.url, influxDatabase: 'plant' };
      const pumps = { ...there, measurement: 'pumps', asset: 'north/line-{line}/{machine}' };
      const fields = names.map((name) => `${name}=pv_${name}`).join(',');
      const readings = { ...there, measurement: 'readings', asset: 'north/line-1/{machine}' };
      const cases: [Partial<TrainingInputOptions>, string, RegExp, RegExp][] = [
        [{ influxUrl: server.url }, 'INFLUX_NOTHING_FOUND', /no database forewarn/, /It has: .*plant/],
        [
          there,
          'INFLUX_NOTHING_FOUND',
          /no measurement forewarn_row/,
          /influx\.rows.*pumps, readings, words/,
        ],
        [
          { ...there, measurement: 'pumps' },
          'OPTION_INVALID',
          /whose rows/,
          /Tags of pumps: kind, line, machine/,
        ],
        [{ ...pumps, asset: '{pump}' }, 'INFLUX_NOTHING_FOUND', /no tag pump/, /kind, line, machine/],
        [pumps, 'INFLUX_NOTHING_FOUND', /no field .*pressure/, /pv_current.*pv_pressure.*--fields/],
        [{ ...pumps, fields: 'wheel=x' }, 'OPTION_INVALID', /wheel=x/, /channels are: .*flow/],
        [{ ...readings, channelTag: 'tag' }, 'INFLUX_NOTHING_FOUND', /no tag tag/, /machine, sensor/],
        [
          { ...readings, channelTag: 'sensor' },
          'INFLUX_NOTHING_FOUND',
          /no field value/,
          /reading.*--value-field/,
        ],
        [
          { ...readings, channelTag: 'sensor', valueField: 'reading', fields: 'flow=fluss' },
          'INFLUX_NOTHING_FOUND',
          /Tag sensor of readings is never fluss/,
          /It has: .*flow/,
        ],
        [{ ...pumps, fields, since: '1h' }, 'INFLUX_NOTHING_FOUND', /no rows/, /Its rows are of 2.* to 2/],
        [{ ...pumps, fields, since: 'soon' }, 'OPTION_INVALID', /--since cannot be soon/, /ISO 8601/],
        [
          { ...pumps, fields, asset: '{machine}' },
          'OPTION_INVALID',
          /cannot have an asset/,
          /site\/line\/asset/,
        ],
        [{ ...pumps, fields, where: 'nonsense =' }, 'INFLUX_REFUSED', /error parsing query/, /Look at/],
        [{ ...pumps, time: 'at' }, 'OPTION_INVALID', /--time is for CSV/, /--asset/],
        [{ from: 'x.csv', since: '1h' }, 'OPTION_INVALID', /--since is for --from influx/, /Leave it out/],
        [{}, 'OPTION_INVALID', /no InfluxDB to read from/, /--influx-url/],
        [
          { influxUrl: 'http://127.0.0.1:1' },
          'INFLUX_UNREACHABLE',
          /does not answer: .*ECONNREFUSED|bad port/,
          /address/,
        ],
      ];
      for (const [options, code, message, hint] of cases)
        await expect(runTrain(undefined, options), JSON.stringify(options)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message),
          hint: expect.stringMatching(hint),
        });
    });
  },
);
