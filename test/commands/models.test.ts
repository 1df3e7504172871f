import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ModelsOptions, models } from '../../src/commands/models.ts';
import { ForewarnError } from '../../src/errors.ts';
import { createPlant, type Plant } from '../api/support/plant.ts';
import { recordingContext } from './support/context.ts';

let plant: Plant;
let url: string;

beforeEach(async () => {
  plant = createPlant();
  ({ url } = await plant.api.start());
});
afterEach(() => plant.close());

async function forewarn(
  word?: string,
  subject?: string,
  options: Partial<ModelsOptions> = {},
): Promise<string[]> {
  const context = recordingContext();
  await models(word, subject, { config: 'config/forewarn.yaml', url, ...options }, context);
  return context.lines;
}

async function refusal(...call: Parameters<typeof forewarn>) {
  try {
    await forewarn(...call);
  } catch (error) {
    if (error instanceof ForewarnError) return [error.code, error.message, error.hint];
    throw error;
  }
  return null;
}

describe('forewarn models', () => {
  it('lists versions with what they were trained on, and what comes next', async () => {
    const [head, version, ...rest] = await forewarn();
    expect(head).toMatch(/^VERSION +STATE +TRAINED ON \(UTC\) +ROWS +ERROR +THRESHOLDS +WHY$/);
    expect(version).toMatch(
      /^pump-1-abc +in use +2026-01-31 11:59 to 2026-01-31 12:00 +4000 +0\.2500 +2\.35 - +It is the first model of the class\.$/,
    );
    expect(rest).toEqual([
      'pump is training: 80 %',
      'pump trains next on 2026-01-31 13:00',
      'pump last trained on 2026-01-31 12:00: shadowing. On 400 windows new to both: error 0.5 instead of 0.6.',
      'pump has drifted: flow',
    ]);
    expect(await forewarn('pump')).toEqual([head, version, ...rest]);
  });

  it('prints JSON with everything', async () => {
    const [line, ...rest] = await forewarn('pump', undefined, { json: true });
    expect(rest).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      models: [{ id: 'pump-1-abc' }],
      retraining: { pump: { state: 'shadowing', challenger: 'pump-2-def' } },
    });
  });

  it('has the daemon carry out each action', async () => {
    const by = { by: 'ada', comment: 'new bearings' };
    for (const word of ['promote', 'restore', 'unpin'])
      expect(await forewarn(word, 'pump-1-abc', by)).toEqual(['pump-1-abc is in use']);
    expect(await forewarn('pin', 'pump-1-abc', by)).toEqual(['pump-1-abc is in use, pinned']);
    expect(await forewarn('retrain', 'pump', { ...by, withAlerted: true })).toEqual([
      'pump is being trained; `forewarn models pump` says what comes of it',
    ]);
    expect(plant.models.told.map(([word]) => word)).toEqual([
      'promote',
      'restore',
      'unpin',
      'pin',
      'retrain',
    ]);
    expect(plant.models.told.at(-1)).toEqual(['retrain', 'pump', true, by]);
  });

  it('says what is missing before it asks the daemon', async () => {
    expect(await refusal('promote')).toMatchObject([
      'OPTION_INVALID',
      'promote needs the id of a version',
      /./,
    ]);
    expect(await refusal('retrain')).toMatchObject([
      'OPTION_INVALID',
      'retrain needs the name of a class',
      /./,
    ]);
    expect(await refusal('pin', 'pump-1-abc')).toMatchObject([
      'OPTION_INVALID',
      'pin needs --by',
      /--by ada/,
    ]);
    expect(await refusal('burn', 'pump-1-abc')).toMatchObject([
      'OPTION_INVALID',
      'there is no action burn',
      /promote/,
    ]);
    expect(await refusal('press')).toMatchObject([
      'NO_SUCH_CLASS',
      'there is no class press',
      /pump.*retrain/,
    ]);
    expect(plant.models.told).toEqual([]);
  });

  it('passes on why the daemon refuses', async () => {
    plant.models.refusal = 'does_not_fit';
    expect(await refusal('promote', 'pump-1-abc', { by: 'ada' })).toMatchObject([
      'MODEL_DOES_NOT_FIT',
      /channels/,
      /./,
    ]);
  });
});
