import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createPreviews } from '../../src/previews.ts';
import { plantFolder } from '../commands/support/preview-plant.ts';
import { createPlant, type Plant } from './support/plant.ts';

let plant: Plant;
afterEach(() => plant.close());

/** An API over the folder of a plant; without its file where settings cannot be changed. */
function apiOver(folder: string, withFile = true) {
  const file = join(folder, 'forewarn.yaml');
  const previews = createPreviews(loadConfig(file, {}), withFile ? file : null);
  onTestFinished(() => previews.stop());
  plant = createPlant({ previews });
  return async (set: readonly string[], className = 'pump') => {
    const url = `/api/v1/classes/${className}/preview`;
    const response = await plant.api.app.inject({ method: 'POST', url, payload: { set } });
    return { status: response.statusCode, body: response.json() as object };
  };
}

describe('POST /api/v1/classes/{name}/preview', { timeout: 30_000 }, () => {
  it('says what other settings would have raised, one answer at a time', async () => {
    const preview = apiOver(await plantFolder());
    const first = preview(['alert.raise=2']);
    expect(await preview(['alert.raise=3'])).toMatchObject({
      status: 503,
      body: { error: { code: 'PREVIEW_RUNNING' } },
    });
    expect(await first).toMatchObject({
      status: 200,
      body: {
        class: 'pump',
        settings: ['alert.raise=2'],
        present: { alerts: 3 },
        changed: { alerts: 1, byAsset: { 'pump-2': 1 } },
        go: [{ asset: 'pump-1' }, { asset: 'pump-1' }],
        come: [],
      },
    });
  });

  it('says what is wrong with a setting, and what can be done', async () => {
    const preview = apiOver(await plantFolder(false));
    expect(await preview(['score.alert_budget=3'])).toEqual({
      status: 400,
      body: {
        error: {
          code: 'BAD_PARAMETER',
          message: 'set: the history cannot tell what score.alert_budget would change',
          hint: expect.stringContaining('forewarn tune'),
        },
      },
    });
    for (const set of [[], ['alert.raise'], ['--config=/etc/other.yaml']])
      expect(await preview(set)).toMatchObject({ status: 400, body: { error: { code: 'BAD_PARAMETER' } } });
    expect(await preview(['alert.raise=2'], 'press')).toMatchObject({
      status: 404,
      body: { error: { code: 'NO_SUCH_CLASS', hint: 'One of pump.' } },
    });
  });

  it('needs a configuration file to change', async () => {
    const preview = apiOver(await plantFolder(false), false);
    expect(await preview(['alert.raise=2'])).toMatchObject({
      status: 503,
      body: { error: { code: 'NO_CONFIG_FILE' } },
    });
  });
});
