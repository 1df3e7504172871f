import { durationMs } from '../../config/duration.ts';
import { badParameter, busy, conflict, notFound, type RequestRefused } from '../api-error.ts';
import type { ApiApp } from '../app.ts';
import { ErrorBody, errors } from '../schemas.ts';
import type { SilenceAnswer, SilenceCommands, SilenceRefusal, SilenceView } from '../silence-commands.ts';
import {
  ExpireQuery,
  SilenceBody,
  SilenceInput,
  SilenceParams,
  SilenceQuery,
  SilencesBody,
} from '../silence-schemas.ts';
import { iso, isoOrNull } from '../timed.ts';

const tags = ['silences'];
const refusals = { 400: ErrorBody, 503: ErrorBody, ...errors };

/** `/api/v1/silences`: what people do not want to be told for a time. */
export function silenceRoutes(app: ApiApp, commands: SilenceCommands): void {
  app.get(
    '/api/v1/silences',
    {
      schema: {
        tags,
        summary: 'Silences in force, oldest first',
        querystring: SilenceQuery,
        response: { 200: SilencesBody, ...refusals },
      },
    },
    ({ query }) => {
      const views = query.over === 'show' ? commands.all(query.limit) : commands.inForce();
      return { silences: views.slice(0, query.limit).map(silenceBody) };
    },
  );
  app.post(
    '/api/v1/silences',
    {
      schema: {
        tags,
        summary: 'Silence alerts that match',
        body: SilenceInput,
        response: { 201: SilenceBody, ...refusals },
      },
    },
    ({ body }, reply) => {
      const { matchers, by, comment, duration } = body;
      const silence = resultOf(commands.add({ matchers, by, comment, forMs: durationMs(duration) }));
      void reply.code(201);
      return silence;
    },
  );
  app.delete(
    '/api/v1/silences/:id',
    {
      schema: {
        tags,
        summary: 'End a silence before its time',
        params: SilenceParams,
        querystring: ExpireQuery,
        response: { 200: SilenceBody, 404: ErrorBody, 409: ErrorBody, ...refusals },
      },
    },
    ({ params, query }) => resultOf(commands.expire(params.id, query.by)),
  );
}

function resultOf(answer: SilenceAnswer): SilenceBody {
  if (answer.ok) return silenceBody(answer.value);
  throw refused(answer.refusal, answer.detail);
}

function refused(refusal: SilenceRefusal, detail: string): RequestRefused {
  switch (refusal) {
    case 'bad_matcher':
      return badParameter(
        'matchers',
        detail,
        'Write them like site=north or class=~pump.*; expressions are RE2 syntax.',
      );
    case 'bad_duration':
      return badParameter(
        'duration',
        'is 0 or more than 366d',
        'What must be quiet for longer is out of service.',
      );
    case 'too_many_silences':
      return busy(
        'TOO_MANY_SILENCES',
        `There are ${detail} silences.`,
        'End some, or write one that matches more.',
      );
    case 'no_such_silence':
      return notFound(
        'NO_SUCH_SILENCE',
        `There is no silence ${detail}.`,
        'GET /api/v1/silences lists them.',
      );
    case 'silence_is_over':
      return conflict('SILENCE_IS_OVER', `${detail} is over.`, 'GET /api/v1/silences lists those in force.');
  }
}

function silenceBody({ inForce, since, until, endedAt, ...rest }: SilenceView): SilenceBody {
  return {
    ...rest,
    matchers: [...rest.matchers],
    state: inForce ? 'active' : 'expired',
    since: iso(since),
    until: iso(until),
    endedAt: isoOrNull(endedAt),
  };
}
