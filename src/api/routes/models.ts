import Type from 'typebox';
import type { ModelRefusal } from '../../types.ts';
import { conflict, notFound, type RequestRefused } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { OrderInput } from '../command-schemas.ts';
import type { ModelCommands, ModelView } from '../model-commands.ts';
import { ModelBody, ModelsBody, RetrainBody, RetrainInput } from '../model-schemas.ts';
import { ErrorBody, errors } from '../schemas.ts';
import { isoOrNull, toWire } from '../timed.ts';

const params = Type.Object({ id: Type.String({ minLength: 1, description: 'Id of the version.' }) });
const query = Type.Object(
  { class: Type.Optional(Type.String({ minLength: 1, description: 'Versions of this class only.' })) },
  { additionalProperties: false },
);
const refusals = { 400: ErrorBody, 404: ErrorBody, 409: ErrorBody, 503: ErrorBody, ...errors };

/** `/api/v1/models`: every version kept, with its card, and what people do with them. */
export function modelsRoutes(app: ApiApp, commands: ModelCommands): void {
  const list = {
    tags: ['models'],
    summary: 'Model versions',
    querystring: query,
    response: { 200: ModelsBody, ...errors },
  };
  app.get('/api/v1/models', { schema: list }, ({ query }) => ({
    models: commands
      .list()
      .filter((model) => query.class === undefined || model.class === query.class)
      .map(modelBody),
  }));
  app.post('/api/v1/models/:id/promote', command('Put a version in use'), async ({ params, body }) =>
    modelBody(resultOf(await commands.promote(params.id, orderOf(body)), params.id)),
  );
  app.post(
    '/api/v1/models/:id/restore',
    command('Put a version back in use that was before'),
    async ({ params, body }) =>
      modelBody(resultOf(await commands.restore(params.id, orderOf(body)), params.id)),
  );
  app.post(
    '/api/v1/models/:id/pin',
    command('Keep a version; while the one in use is pinned no other takes its place by itself'),
    ({ params, body }) => modelBody(resultOf(commands.pin(params.id, orderOf(body)), params.id)),
  );
  app.post('/api/v1/models/:id/unpin', command('No longer keep it'), ({ params, body }) =>
    modelBody(resultOf(commands.unpin(params.id, orderOf(body)), params.id)),
  );
  const retrain = {
    tags: ['models'],
    summary: 'Train a class now',
    body: RetrainInput,
    response: { 200: RetrainBody, ...refusals },
  };
  app.post('/api/v1/retrain', { schema: retrain }, ({ body }) => {
    const { class: className, withAlerted } = body;
    resultOf(commands.retrain(className, withAlerted, orderOf(body)), className);
    return { class: className };
  });
  acceptLevelRoute(app, commands);
}

/** `/api/v1/alerts/{id}/accept-level`: the one command on an alert that makes a model version. */
function acceptLevelRoute(app: ApiApp, commands: ModelCommands): void {
  const schema = {
    tags: ['models', 'alerts'],
    summary: "Take what an alert's asset does now for its normal operation",
    params: Type.Object({ id: Type.String({ minLength: 1, description: 'Id of the alert.' }) }),
    body: OrderInput,
    response: { 200: ModelBody, ...refusals },
  } as const;
  app.post('/api/v1/alerts/:id/accept-level', { schema }, async ({ params, body }) =>
    modelBody(resultOf(await commands.acceptLevel(params.id, orderOf(body)), params.id)),
  );
}

function command(summary: string) {
  const response = { 200: ModelBody, ...refusals };
  return { schema: { tags: ['models'], summary, params, body: OrderInput, response } } as const;
}

function orderOf({ by, comment }: { readonly by: string; readonly comment?: string }) {
  return { by, comment: comment ?? null };
}

function modelBody({ changedAt, card, ...model }: ModelView): ModelBody {
  return {
    ...model,
    changedAt: isoOrNull(changedAt),
    card: toWire<Record<string, unknown>>({ ...card }),
  };
}

function resultOf<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly refusal: ModelRefusal; readonly sentence?: string },
  name: string,
): T {
  if (result.ok) return result.value;
  throw refused(result.refusal, name, result.sentence);
}

function refused(refusal: ModelRefusal, name: string, sentence = ''): RequestRefused {
  switch (refusal) {
    case 'no_such_model':
      return notFound('NO_SUCH_MODEL', `There is no model ${name}.`, 'GET /api/v1/models lists them.');
    case 'no_such_class':
      return notFound('NO_SUCH_CLASS', `There is no class ${name}.`, 'The configuration names the classes.');
    case 'in_use_already':
      return conflict('IN_USE_ALREADY', `${name} is in use.`, 'GET /api/v1/models says which one is.');
    case 'does_not_fit':
      return conflict(
        'MODEL_DOES_NOT_FIT',
        `${name} was trained for other channels, another window or other sampling.`,
        'Choose a version from after the configuration of the class was changed.',
      );
    case 'model_damaged':
      return conflict(
        'MODEL_DAMAGED',
        `The files of ${name} are damaged.`,
        'Choose another version, or restore its folder from a backup.',
      );
    case 'pinned_already':
      return conflict('PINNED_ALREADY', `${name} is pinned.`, 'GET /api/v1/models says which ones are.');
    case 'not_pinned':
      return conflict('NOT_PINNED', `${name} is not pinned.`, 'GET /api/v1/models says which ones are.');
    case 'still_learning':
      return conflict(
        'STILL_LEARNING',
        `Class ${name} has no model yet.`,
        'It trains its first one by itself; GET /api/v1/status says when.',
      );
    case 'training_already':
      return conflict(
        'TRAINING_ALREADY',
        `Class ${name} is being trained.`,
        'GET /api/v1/status says what becomes of it.',
      );
    case 'no_such_alert':
      return notFound('NO_SUCH_ALERT', `There is no alert ${name}.`, 'GET /api/v1/alerts lists them.');
    case 'alert_is_over':
      return conflict('ALERT_IS_OVER', `${name} is over.`, 'What is back to normal needs no new level.');
    case 'not_of_a_model':
      return conflict(
        'NOT_OF_A_MODEL',
        `${name} was not raised by a model.`,
        'A limit is changed in the configuration; a silent asset has no level.',
      );
    case 'no_new_level':
      return conflict(
        'NO_NEW_LEVEL',
        sentence,
        'Try again later, or have the class learn from rows of alerts: `forewarn models retrain CLASS --with-alerted`.',
      );
  }
}
