import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { ModelBody } from '../../src/api/model-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { startAedes } from './support/brokers.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { startCommand } from './support/process.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { startPlant } from './support/test-plant.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';

const pumpOf = async (daemon: RunningDaemon) => {
  const { body } = await daemon.get<StatusBody>('/api/v1/status');
  return body.classes[0];
};
const modelsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ models: ModelBody[] }>('/api/v1/models')).body.models;

/** Runs `forewarn models ...` against the daemon and gives what it says. */
async function models(daemon: RunningDaemon, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await startCommand(['models', ...words, '--url', daemon.apiUrl]).ended;
  if (code !== 0) throw new Error(`forewarn models ${words.join(' ')} ended with ${code}\n${stderr}`);
  return stdout;
}

/** A daemon with a model whose pumps have run on for some time since. */
async function agedDaemon(retrain: object) {
  const folder = await trainedFolder();
  const broker = await startAedes();
  const config = writeConfig(folder, { broker, retrain });
  const daemon = await startDaemon(config);
  const before = (await daemon.get<StatusBody>('/api/v1/status')).body.history.rows;
  // After the twelve hours before now that the first model's rows began at.
  const flood = startPlant(broker.url, { speed: 400, startAt: Date.now() - 6 * 3_600_000 });
  await until('there are new rows', async () => {
    const { history } = (await daemon.get<StatusBody>('/api/v1/status')).body;
    return history.rows > before + 2500;
  });
  await flood.stop();
  // From here on the machine is to train; the pumps trickle.
  startPlant(broker.url, { speed: 50, startAt: Date.now() - 3 * 3_600_000 });
  return { folder, config, daemon };
}

describe('retraining', { timeout: 180_000 }, () => {
  it('trains a challenger on kept rows, tries it on live ones, decides with its reason, and a person has the last word', async () => {
    const { folder, daemon } = await agedDaemon({ shadow_for: '1s' });
    const first = (await pumpOf(daemon)).model!;
    expect(await models(daemon, 'pump')).toContain('It is the first model of the class.');
    expect(await models(daemon, 'retrain', 'pump', '--by', 'ada', '--comment', 'new bearings')).toContain(
      'pump is being trained',
    );
    await expect(models(daemon, 'retrain', 'pump', '--by', 'ada')).rejects.toThrow(
      /Class pump is being trained/,
    );
    const { retraining } = await until(
      'it is decided',
      async () => {
        const pump = await pumpOf(daemon);
        return pump.retraining.state === 'idle' && pump;
      },
      { withinMs: 90_000, explain: () => JSON.stringify(daemon.log().slice(-8), null, 1) },
    );
    expect(['promoted', 'refused']).toContain(retraining.lastResult);
    expect(retraining.lastReason).toMatch(/\d/);
    const [one, two] = await modelsOf(daemon);
    expect([one.id, two.card.number]).toEqual([first, 2]);
    expect(two.reason).toBe(retraining.lastReason);

    if (!two.champion) await models(daemon, 'promote', two.id, '--by', 'ada');
    expect((await pumpOf(daemon)).model).toBe(two.id);
    await until('the new model scores', async () => {
      const { body } = await daemon.get<{ assets: { model: string }[] }>('/api/v1/assets?limit=1');
      return body.assets[0].model === two.id;
    });
    expect(await models(daemon, 'pin', two.id, '--by', 'ada')).toContain('in use, pinned');
    expect(await models(daemon, 'restore', first, '--by', 'ada', '--comment', 'it was calmer')).toContain(
      'in use',
    );
    expect(readFileSync(join(folder, 'state/models/pump/champion'), 'utf8').trim()).toBe(first);
    const listed = await models(daemon, 'pump');
    expect(listed).toMatch(new RegExp(`${first} +in use .*it was calmer \\(ada\\)`));
    expect(listed).toMatch(new RegExp(`${two.id} +(kept|refused), pinned`));
    await expect(models(daemon, 'restore', first, '--by', 'ada')).rejects.toThrow(/is in use/);
    await expect(models(daemon, 'pin', 'pump-9-none', '--by', 'ada')).rejects.toThrow(
      /There is no model pump-9-none/,
    );
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });

  it('tries a challenger on the faults that operators confirmed', async () => {
    const folder = await trainedFolder();
    const broker = await startAedes();
    const retrain = { shadow_for: '0s' };
    const daemon = await startDaemon(writeConfig(folder, { broker, retrain }));
    const feeder = await startRowFeeder(daemon, 4);
    const pumps = [0, 1, 2, 3];
    await feeder.feed(600, pumps);
    await feeder.feed(60, pumps, (payload, pump) =>
      pump === 0 ? { ...payload, values: { ...payload.values, pressure: 0 } } : payload,
    );
    await feeder.feed(100, pumps);
    const [alert, ...others] = (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ state: 'resolved', handling: { outcome: null } });
    const judge = ['alerts', 'judge', alert.id, '--as', 'fault', '--by', 'ada', '--url', daemon.apiUrl];
    expect((await startCommand(judge).ended).stdout).toContain(`${alert.id} was a fault`);

    await models(daemon, 'retrain', 'pump', '--by', 'ada');
    const history = () =>
      readFileSync(join(folder, 'state/models/pump/history.jsonl'), 'utf8').trim().split('\n');
    const decided = await until('it is decided', () => history()[1], {
      withinMs: 90_000,
      explain: () => JSON.stringify(daemon.log().slice(-8), null, 1),
    });
    expect(JSON.parse(decided)).toMatchObject({ labelled: { tried: 1, champion: 1 } });
  });

  it('kill -9 in a training: the champion works on, and no half-made version is left', async () => {
    const { config, daemon } = await agedDaemon({});
    const first = (await pumpOf(daemon)).model;
    await models(daemon, 'retrain', 'pump', '--by', 'ada');
    await until('it trains', async () => (await pumpOf(daemon)).retraining.state === 'training');
    await daemon.kill('SIGKILL');
    const again = await startDaemon(config);
    const pump = await pumpOf(again);
    expect(pump).toMatchObject({
      state: 'ready',
      model: first,
      retraining: { state: 'idle', challenger: null },
    });
    expect((await modelsOf(again)).map(({ id }) => id)).toEqual([first]);
    await until('it scores', async () => {
      const { body } = await again.get<StatusBody>('/api/v1/status');
      return body.scoring.scored > 0;
    });
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });
});
