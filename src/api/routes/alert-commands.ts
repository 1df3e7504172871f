import Type, { type TSchema } from 'typebox';
import { durationMs } from '../../config/duration.ts';
import type { OperatorRefusal } from '../../types.ts';
import { alertBody } from '../alert-body.ts';
import type { AlertCommands, HoldView, ServiceSubject } from '../alert-commands.ts';
import { AlertBody } from '../alert-schemas.ts';
import { badParameter, conflict, notFound, type RequestRefused } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import {
  AssignInput,
  CommentInput,
  EscalateInput,
  HoldBody,
  HoldsBody,
  JudgeInput,
  OrderInput,
  ReturnInput,
  ShelveInput,
  TakeOutInput,
} from '../command-schemas.ts';
import { ErrorBody, errors } from '../schemas.ts';
import { iso, isoOrNull } from '../timed.ts';

const params = Type.Object({ id: Type.String({ minLength: 1, description: 'Id of the alert.' }) });

/** What operators do: commands on one alert, and what is kept out of service. */
export function alertCommandRoutes(app: ApiApp, commands: AlertCommands): void {
  app.post('/api/v1/alerts/:id/acknowledge', command('Acknowledge an alert', OrderInput), (request) => {
    const { params, body } = request;
    return alertBody(resultOf(commands.acknowledge(params.id, orderOf(body)), params.id));
  });
  app.post('/api/v1/alerts/:id/comment', command('Comment on an alert', CommentInput), (request) => {
    const { params, body } = request;
    return alertBody(resultOf(commands.comment(params.id, orderOf(body)), params.id));
  });
  app.post('/api/v1/alerts/:id/assign', command('Assign an alert to somebody', AssignInput), (request) => {
    const { params, body } = request;
    return alertBody(resultOf(commands.assign(params.id, body.to, orderOf(body)), params.id));
  });
  app.post(
    '/api/v1/alerts/:id/shelve',
    command("Shelve the alert's rule on its asset for a time", ShelveInput),
    ({ params, body }) => {
      const forMs = durationMs(body.duration);
      return alertBody(resultOf(commands.shelve(params.id, forMs, orderOf(body)), params.id));
    },
  );
  app.post('/api/v1/alerts/:id/unshelve', command('End shelving', OrderInput), ({ params, body }) =>
    alertBody(resultOf(commands.unshelve(params.id, orderOf(body)), params.id)),
  );
  app.post(
    '/api/v1/alerts/:id/judge',
    command('Say what was found at the machine', JudgeInput),
    ({ params, body }) => {
      const outcome = body.as === 'unknown' ? null : body.as;
      return alertBody(resultOf(commands.judge(params.id, outcome, orderOf(body)), params.id));
    },
  );
  app.post(
    '/api/v1/alerts/:id/escalate',
    command('Tell the next step of the escalation, or a named one', EscalateInput),
    ({ params, body }) =>
      alertBody(resultOf(commands.escalate(params.id, body.step ?? null, orderOf(body)), params.id)),
  );
  app.get(
    '/api/v1/holds',
    {
      schema: {
        tags: ['alerts'],
        summary: 'What is shelved or out of service',
        response: { 200: HoldsBody, ...errors },
      },
    },
    () => ({ holds: commands.holds().map(holdBody) }),
  );
  app.post(
    '/api/v1/out-of-service',
    service('Take an asset or a class out of service', TakeOutInput),
    (request) => {
      const of = subjectOf(request.body);
      return holdBody(resultOf(commands.takeOutOfService(of, orderOf(request.body)), nameOf(of)));
    },
  );
  app.post('/api/v1/return-to-service', service('Put it back into service', ReturnInput), (request) => {
    const of = subjectOf(request.body);
    return holdBody(resultOf(commands.returnToService(of, orderOf(request.body)), nameOf(of)));
  });
}

function command<const B extends TSchema>(summary: string, body: B) {
  const response = { 200: AlertBody, ...refusals };
  return { schema: { tags: ['alerts'], summary, params, body, response } } as const;
}

function service<const B extends TSchema>(summary: string, body: B) {
  return { schema: { tags: ['alerts'], summary, body, response: { 200: HoldBody, ...refusals } } } as const;
}

const refusals = { 400: ErrorBody, 404: ErrorBody, 409: ErrorBody, 503: ErrorBody, ...errors };

function orderOf({ by, comment }: { readonly by: string; readonly comment?: string }) {
  return { by, comment: comment ?? null };
}

function subjectOf(body: { readonly asset?: string; readonly class?: string }): ServiceSubject {
  const { asset, class: className } = body;
  if (asset !== undefined && className === undefined) return { scope: 'asset', assetId: asset };
  if (className !== undefined && asset === undefined) return { scope: 'class', className };
  throw badParameter('asset', 'give either asset or class', 'One of the two says what is meant.');
}

function nameOf(of: ServiceSubject): string {
  return of.scope === 'asset' ? of.assetId : of.className;
}

function resultOf<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly refusal: OperatorRefusal },
  name: string,
): T {
  if (result.ok) return result.value;
  throw refused(result.refusal, name);
}

function refused(refusal: OperatorRefusal, name: string): RequestRefused {
  switch (refusal) {
    case 'no_such_alert':
      return notFound('NO_SUCH_ALERT', `There is no alert ${name}.`, 'GET /api/v1/alerts lists them.');
    case 'no_such_asset':
      return notFound(
        'NO_SUCH_ASSET',
        `No asset ${name} has sent anything.`,
        'GET /api/v1/assets lists them.',
      );
    case 'no_such_class':
      return notFound('NO_SUCH_CLASS', `There is no class ${name}.`, 'The configuration names the classes.');
    case 'alert_is_over':
      return conflict('ALERT_IS_OVER', `${name} is over.`, 'Only what fires can be shelved or escalated.');
    case 'not_shelved':
      return conflict('NOT_SHELVED', `${name} is not shelved.`, 'GET /api/v1/holds lists what is.');
    case 'bad_shelving_time':
      return badParameter(
        'duration',
        'is 0 or more than 30d',
        'What must be quiet for longer is out of service.',
      );
    case 'alert_is_withheld':
      return conflict(
        'ALERT_IS_WITHHELD',
        `${name} is shelved, suppressed or out of service, so nobody is told of it.`,
        'Its `handling` says which; end that first.',
      );
    case 'no_such_step':
      return notFound(
        'NO_SUCH_STEP',
        'No step of the escalation has this name.',
        'The configuration names them under `escalation`.',
      );
    case 'no_step_left':
      return conflict(
        'NO_STEP_LEFT',
        `There is nobody left to escalate ${name} to.`,
        'Name a step to take it again; the configuration has them under `escalation`.',
      );
    case 'already_out_of_service':
      return conflict(
        'ALREADY_OUT_OF_SERVICE',
        `${name} is out of service.`,
        'GET /api/v1/holds says since when.',
      );
    case 'not_out_of_service':
      return conflict('NOT_OUT_OF_SERVICE', `${name} is in service.`, 'GET /api/v1/holds lists what is not.');
  }
}

function holdBody({ kind, of, since, until, by, reason }: HoldView): HoldBody {
  return {
    kind,
    asset: of.scope === 'class' ? null : of.assetId,
    class: of.scope === 'class' ? of.className : null,
    rule: of.scope === 'alarm' ? of.rule : null,
    since: iso(since),
    until: isoOrNull(until),
    by,
    comment: reason,
  };
}
