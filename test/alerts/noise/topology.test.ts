import { describe, expect, it } from 'vitest';
import type { TopologyConfig } from '../../../src/alerts/noise/topology.ts';
import type { Asset } from '../../../src/types.ts';
import { assetNamed } from '../support/fixtures.ts';
import { noisyPlant, type Stage } from './noisy-stage.ts';

const now = 1_700_000_000_000;
const second = 1000;
const minute = 60 * second;
const gateway = assetNamed('gateway', 0, 'gateway');
const pump = assetNamed('pump-3', 1);
const elsewhere: Asset = {
  ...assetNamed('pump-9', 2),
  id: 'north/2/pump-9',
  labels: { site: 'north', line: '2', asset: 'pump-9' },
};
const silent: TopologyConfig = {
  name: 'gateway',
  source: ['class=gateway'],
  when: { silentForMs: minute },
  mutes: [],
  same: ['site', 'line'],
  keepForMs: minute,
};
const stopped: TopologyConfig = {
  ...silent,
  name: 'stopped',
  when: { channel: 'speed', below: 0.5, above: null },
  keepForMs: 0,
};

function row(asset: Asset, speed = 1) {
  return { asset, at: 0, values: Float32Array.of(speed, 0), measured: Uint8Array.of(1, 1) };
}
function hears(stage: Stage, asset: Asset, speed?: number): void {
  stage.noise.onAsset(asset);
  stage.noise.onRow(row(asset, speed));
}
/** The silent alert of an asset, as the daemon's sweep raises and resolves it. */
function silence(stage: Stage, asset: Asset, active: boolean, at: number): void {
  stage.alerting.onCondition('silent', asset, active, at, () => ({ summary: 'silent', channels: [] }));
  stage.alerting.flush();
}

describe('topology', () => {
  it('mutes the assets of a silent gateway, on its line alone, and tells of the gateway', () => {
    const { wall, start } = noisyPlant(now, { topology: [silent] });
    const stage = start();
    stage.noise.listening(now - minute);
    for (const asset of [gateway, pump, elsewhere]) hears(stage, asset);
    stage.alerting.sweep();
    wall.now += minute;
    stage.alerting.sweep();
    for (const asset of [pump, gateway, elsewhere]) silence(stage, asset, true, wall.now);
    expect(stage.newest(pump)).toMatchObject({
      rule: 'silent',
      operatorState: 'suppressed',
      handling: { told: false, suppressedFor: 'topology:gateway' },
    });
    expect(stage.told()).toEqual([
      `${stage.newest(gateway).id}:firing:ops`,
      `${stage.newest(elsewhere).id}:firing:ops`,
    ]);
    stage.stop();
  });

  it('mutes on for a while when the gateway is back, and then tells what still fires', () => {
    const { wall, start } = noisyPlant(now, { topology: [silent] });
    const stage = start();
    stage.noise.listening(now - minute);
    for (const asset of [gateway, pump]) hears(stage, asset);
    wall.now += minute;
    stage.alerting.sweep();
    const alert = stage.raise(pump);
    expect(alert.operatorState).toBe('suppressed');
    hears(stage, gateway);
    wall.now += minute - 1;
    hears(stage, gateway);
    stage.alerting.sweep();
    expect(stage.told()).toEqual([]);
    wall.now += 1;
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
    expect(stage.journal.transitions(alert.id).at(-1)).toMatchObject({
      reason: 'unsuppress',
      comment: 'topology:gateway is over',
    });
    stage.stop();
  });

  it('calls nobody silent while Forewarn hears nothing itself', () => {
    const { wall, start } = noisyPlant(now, { topology: [silent] });
    const stage = start();
    stage.noise.listening(null);
    for (const asset of [gateway, pump]) hears(stage, asset);
    wall.now += 10 * minute;
    stage.alerting.sweep();
    expect(stage.raise(pump).operatorState).toBe('unacknowledged');
    stage.noise.listening(wall.now - minute + 1);
    stage.alerting.sweep();
    expect(stage.newest(pump).operatorState).toBe('unacknowledged');
    wall.now += 1;
    stage.alerting.sweep();
    expect(stage.newest(pump).operatorState).toBe('suppressed');
    stage.stop();
  });

  it('mutes a line while a channel says that it stands still, from that row on', () => {
    const { start } = noisyPlant(now, { topology: [stopped] });
    const stage = start();
    hears(stage, gateway, 0.4);
    const alert = stage.raise(pump);
    expect(alert.handling.suppressedFor).toBe('topology:stopped');
    expect(stage.raise(elsewhere).operatorState).toBe('unacknowledged');
    hears(stage, gateway, Number.NaN);
    hears(stage, gateway, 0.5);
    stage.told();
    stage.alerting.sweep();
    expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
    stage.stop();
  });

  it('mutes what fires already at the next sweep, and says which source it was', () => {
    const { start } = noisyPlant(now, { topology: [stopped] });
    const stage = start();
    hears(stage, gateway, 1);
    const alert = stage.raise(pump);
    stage.alerting.sweep();
    hears(stage, gateway, 0.25);
    stage.alerting.sweep();
    expect(stage.newest(pump).operatorState).toBe('suppressed');
    expect(stage.journal.transitions(alert.id).at(-1)).toMatchObject({
      reason: 'suppress',
      by: null,
      comment: 'north/1/gateway reads speed below 0.5',
    });
    stage.stop();
  });

  it('keeps what it muted over a restart until the source is heard of, or five minutes have passed', () => {
    for (const back of [true, false]) {
      const { wall, start } = noisyPlant(now, { topology: [stopped] });
      let stage = start();
      hears(stage, gateway, 0);
      const alert = stage.raise(pump);
      stage.stop();
      stage = start();
      stage.alerting.sweep();
      expect(stage.newest(pump).operatorState).toBe('suppressed');
      if (back) hears(stage, gateway, 1);
      else wall.now += 5 * minute;
      stage.alerting.sweep();
      expect(stage.told()).toEqual([`${alert.id}:firing:ops`]);
      stage.stop();
    }
  });

  it('knows after a restart that a gateway was silent which is never heard of again', () => {
    const { wall, start } = noisyPlant(now, { topology: [silent] });
    let stage = start();
    stage.noise.listening(now - minute);
    for (const asset of [gateway, pump]) hears(stage, asset);
    wall.now += minute;
    stage.alerting.sweep();
    for (const asset of [gateway, pump]) silence(stage, asset, true, wall.now);
    stage.told();
    stage.stop();
    wall.now += 60 * minute;
    stage = start();
    stage.noise.listening(wall.now);
    for (let i = 0; i < 20; i++) {
      stage.alerting.sweep();
      wall.now += minute;
    }
    expect(stage.newest(pump).operatorState).toBe('suppressed');
    expect(stage.told()).toEqual([]);
    stage.stop();
  });
});
