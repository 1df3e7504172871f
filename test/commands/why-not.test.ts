import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whyNot } from '../../src/commands/why-not.ts';
import { assetAt, createPlant, noon, type Plant, scored } from '../api/support/plant.ts';
import { recordingContext } from './support/context.ts';

let plant: Plant;
let url: string;

beforeEach(async () => {
  plant = createPlant();
  ({ url } = await plant.api.start());
  plant.fleet.onAsset(assetAt(1));
  for (const at of [0, 60]) plant.alerting.onVerdict(scored(assetAt(1), noon + at, 2));
  plant.alerting.flush();
});
afterEach(() => plant.close());

async function forewarn(id: string, json = false): Promise<string[]> {
  const context = recordingContext();
  await whyNot(id, { config: 'config/forewarn.yaml', url, json }, context);
  return context.lines;
}

describe('forewarn why-not', () => {
  it('numbers what stands in the way', async () => {
    expect(await forewarn('north/pump-8')).toEqual([
      'north/pump-8 is not alerting:',
      expect.stringMatching(/^1\. unknown_asset: No asset north\/pump-8 has sent anything/),
    ]);
  });

  it('says so when it is alerting after all', async () => {
    const [head, first] = await forewarn(assetAt(1).id);
    expect(head).toBe('south/pump-1 (class pump) is alerting:');
    expect(first).toMatch(/^1\. alert_firing: Alert al_\w+ \(anomaly\) fires since 2026-01-31T12:00:00Z/);
  });

  it('prints what the API says', async () => {
    const [line] = await forewarn(assetAt(1).id, true);
    expect(JSON.parse(line!)).toMatchObject({ asset: 'south/pump-1', alerting: true, class: 'pump' });
  });

  it('wants an id', async () => {
    await expect(forewarn(' ')).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
