import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Preview } from '../../src/api/preview-schemas.ts';
import { type PreviewOptions, preview } from '../../src/commands/preview.ts';
import { ForewarnError } from '../../src/errors.ts';
import { recordingContext } from './support/context.ts';
import { plantFolder, rows } from './support/preview-plant.ts';

async function run(folder: string, changes: Partial<PreviewOptions>): Promise<string[]> {
  const context = recordingContext();
  await preview('pump', { config: join(folder, 'forewarn.yaml'), days: 7, ...changes }, context);
  return context.lines;
}
async function result(folder: string, ...set: string[]): Promise<Preview> {
  const [line] = await run(folder, { set, json: true });
  return JSON.parse(line!) as Preview;
}
async function refusal(folder: string, changes: Partial<PreviewOptions>): Promise<string> {
  try {
    await run(folder, changes);
  } catch (error) {
    if (error instanceof ForewarnError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

describe('forewarn preview', () => {
  it('says which alerts would go with a higher level, by asset and day, and how long they lasted', async () => {
    const folder = await plantFolder();
    const before = readdirSync(join(folder, 'state/history/pump')).sort();
    const found = await result(folder, 'alert.raise=2', 'alert.clear=1');
    expect(found).toMatchObject({
      class: 'pump',
      settings: ['alert.raise=2', 'alert.clear=1'],
      from: '2026-03-01T00:00:00.000Z',
      assets: 2,
      rows: 2 * rows,
      windows: 2 * (rows - 3),
      present: { alerts: 3, byAsset: { 'pump-1': 2, 'pump-2': 1 }, byDay: { '2026-03-01': 3 } },
      changed: { alerts: 1, byAsset: { 'pump-2': 1 } },
      come: [],
      go: [
        { asset: 'pump-1', rule: 'anomaly', startedAt: '2026-03-01T00:01:40.000Z', peakScore: 1.52 },
        { asset: 'pump-1', rule: 'anomaly', startedAt: '2026-03-01T00:05:00.000Z' },
      ],
    });
    expect(found.model).toMatch(/^pump-1-/);
    // 20 seconds each, and the 10 clear windows that end it.
    expect(found.present.secondsInAlarm).toBeGreaterThanOrEqual(3 * 29);
    expect(found.present.secondsInAlarm).toBeLessThanOrEqual(3 * 31);
    expect(found.notes[0]).toMatch(/^Only 0 of 7 days are kept/);
    expect(readdirSync(join(folder, 'state/history/pump')).sort()).toEqual(before);
  });

  it('answers for limits and for deviations that do not matter as well', async () => {
    const folder = await plantFolder();
    const limits = await result(folder, 'channels.channel-0.limits.h=3');
    expect(limits.go).toEqual([]);
    expect(limits.come).toMatchObject([
      { asset: 'pump-2', rule: 'limit:channel-0:high', endedAt: expect.any(String) },
    ]);
    const direction = await result(folder, 'channels.channel-0.deviation.direction=above');
    expect(direction.go).toMatchObject([{ asset: 'pump-1', startedAt: '2026-03-01T00:05:00.000Z' }]);
    expect(direction.come).toEqual([]);
  });

  it('says to people what it found, and what it rests on', async () => {
    const folder = await plantFolder();
    const text = (await run(folder, { set: 'alert.raise_on.windows=1' })).join('\n');
    expect(text).toMatch(/^With alert\.raise_on\.windows=1 class pump would have raised 3 alerts in/);
    expect(text).toContain('with the present settings 3.');
    expect(text).toMatch(/pump-1 +2 +2/);
  });

  it('has only limits to go by while the class has no model, and says so', async () => {
    const folder = await plantFolder(false);
    const found = await result(folder, 'channels.channel-0.limits.h=3');
    expect([found.model, found.windows, found.come.length]).toEqual([null, 0, 1]);
    expect(found.notes[0]).toMatch(/has no model that fits/);
  });

  it('refuses what the history cannot tell, and what the configuration would not take', async () => {
    const folder = await plantFolder(false);
    expect(await refusal(folder, { set: 'score.alert_budget=3' })).toMatch(
      /^OPTION_INVALID the history cannot tell what score\.alert_budget would change/,
    );
    expect(await refusal(folder, { set: 'alert.raise=high' })).toMatch(
      /^OPTION_INVALID .*classes\.pump\.alert\.raise/,
    );
    expect(await refusal(folder, { set: 'channels.nothing.limits.h=1' })).toMatch(
      /^OPTION_INVALID the class has no channel nothing$/,
    );
    expect(await refusal(folder, {})).toMatch(/there is no setting/);
    expect(await refusal(folder, { set: 'alert.raise=2', days: 0 })).toMatch(/--days cannot be 0/);
    rmSync(join(folder, 'state/history/pump'), { recursive: true });
    expect(await refusal(folder, { set: 'alert.raise=2' })).toMatch(/^PREVIEW_NO_ROWS/);
  });
});
