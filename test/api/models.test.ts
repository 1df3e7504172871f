import Schema from 'typebox/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelBody, ModelsBody } from '../../src/api/model-schemas.ts';
import type { ModelRefusal } from '../../src/types.ts';
import { createPlant, noon, type Plant } from './support/plant.ts';

let plant: Plant;
const ada = { by: 'ada', comment: 'it was calmer' };
const path = '/api/v1/models/pump-1-abc';

async function call(method: 'GET' | 'POST', url: string, payload?: object) {
  const response = await plant.api.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() as never };
}

beforeEach(() => {
  plant = createPlant();
});
afterEach(() => plant.close());

describe('models', () => {
  it('lists versions of all classes or of one, with the times of their cards as text', async () => {
    const { status, body } = await call('GET', '/api/v1/models');
    expect(status).toBe(200);
    expect(Schema.Check(ModelsBody, body)).toBe(true);
    const at = new Date(noon).toISOString();
    expect(body).toMatchObject({
      models: [{ id: 'pump-1-abc', class: 'pump', state: 'in_use', changedAt: at, card: { createdAt: at } }],
    });
    expect((await call('GET', '/api/v1/models?class=pump')).body).toEqual(body);
    expect((await call('GET', '/api/v1/models?class=press')).body).toEqual({ models: [] });
    expect((await call('GET', '/api/v1/models?clas=pump')).status).toBe(400);
  });

  it.each(['promote', 'restore', 'pin', 'unpin'])(
    'has a version %sd by a name and a reason',
    async (action) => {
      const { status, body } = await call('POST', `${path}/${action}`, ada);
      expect(status).toBe(200);
      expect(Schema.Check(ModelBody, body)).toBe(true);
      expect(plant.models.told).toEqual([[action, 'pump-1-abc', ada]]);
      expect(await call('POST', `${path}/${action}`, {})).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_PARAMETER', message: 'by: is missing' } },
      });
      expect(plant.models.told.length).toBe(1);
    },
  );

  it('has a class trained', async () => {
    const order = { ...ada, class: 'pump' };
    expect(await call('POST', '/api/v1/retrain', order)).toEqual({ status: 200, body: { class: 'pump' } });
    await call('POST', '/api/v1/retrain', { by: 'bob', class: 'pump', withAlerted: true });
    expect(plant.models.told).toEqual([
      ['retrain', 'pump', false, ada],
      ['retrain', 'pump', true, { by: 'bob', comment: null }],
    ]);
  });

  it.each<[ModelRefusal, number, string]>([
    ['no_such_model', 404, 'NO_SUCH_MODEL'],
    ['no_such_class', 404, 'NO_SUCH_CLASS'],
    ['in_use_already', 409, 'IN_USE_ALREADY'],
    ['does_not_fit', 409, 'MODEL_DOES_NOT_FIT'],
    ['model_damaged', 409, 'MODEL_DAMAGED'],
    ['pinned_already', 409, 'PINNED_ALREADY'],
    ['not_pinned', 409, 'NOT_PINNED'],
    ['still_learning', 409, 'STILL_LEARNING'],
    ['training_already', 409, 'TRAINING_ALREADY'],
  ])('answers %s with %d and what to do', async (refusal, status, code) => {
    plant.models.refusal = refusal;
    for (const answer of [
      await call('POST', `${path}/promote`, ada),
      await call('POST', `${path}/pin`, ada),
      await call('POST', '/api/v1/retrain', { ...ada, class: 'pump-1-abc' }),
    ]) {
      expect(answer).toMatchObject({ status, body: { error: { code } } });
      const { error } = answer.body as { error: { message: string; hint: string } };
      expect(error.message).toContain('pump-1-abc');
      expect(error.hint).toMatch(/\.$/);
    }
  });

  it('takes a new level for normal, or says why it is none', async () => {
    const url = '/api/v1/alerts/alert-1/accept-level';
    const { status, body } = await call('POST', url, ada);
    expect(status).toBe(200);
    expect(Schema.Check(ModelBody, body)).toBe(true);
    expect(plant.models.told).toEqual([['acceptLevel', 'alert-1', ada]]);
    expect((await call('POST', url, {})).status).toBe(400);
    for (const [refusal, status, code] of [
      ['no_such_alert', 404, 'NO_SUCH_ALERT'],
      ['alert_is_over', 409, 'ALERT_IS_OVER'],
      ['not_of_a_model', 409, 'NOT_OF_A_MODEL'],
      ['no_new_level', 409, 'NO_NEW_LEVEL'],
    ] as const) {
      plant.models.refusal = refusal;
      expect(await call('POST', url, ada)).toMatchObject({ status, body: { error: { code } } });
    }
  });
});
