import Type, { type TSchema } from 'typebox';

/*
 * What the API says, once: these schemas are the types, the validator of requests and the OpenAPI document.
 * Lists of classes and sinks are arrays with a name in each element, so that no key is made of a user's word.
 */

export const closed = { additionalProperties: false };

export const Nullable = <T extends TSchema>(schema: T, description = '') =>
  Type.Union([schema, Type.Null()], description === '' ? {} : { description });

export const Time = (description: string) => Type.String({ format: 'date-time', description });
export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const Labels = Type.Record(Type.String(), Type.String(), {
  description: 'What the topic template caught, such as site and line.',
});

export const ConfidenceLevel = Nullable(
  Type.Enum(['low', 'full']),
  '`low`: the online model says so, which knows each channel by itself and stands in until the first training.',
);

export const ErrorBody = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.String({ description: 'Stable; decide on it and never on the message.' }),
        message: Type.String({ description: 'What is wrong, for people.' }),
        hint: Nullable(Type.String(), 'What you can do about it.'),
      },
      closed,
    ),
  },
  { ...closed, description: 'What every answer from 400 on looks like.' },
);

/** Answers that a route may give beside its own: every route has the last two. */
export const errors = { 429: ErrorBody, 500: ErrorBody };

export const Limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  description: 'Most entries on a page.',
});

export const LabelFilter = Type.Array(Type.String({ minLength: 3, maxLength: 512, pattern: '^[^:]+:.+$' }), {
  maxItems: 16,
  description: 'A label that the asset must have, as `name:value`; may be given several times.',
});

export const Next = (cursor: TSchema) =>
  Nullable(cursor, '`cursor` of the page that follows; null on the last one.');

export const HealthBody = Type.Object(
  { status: Type.Enum(['ok']) },
  { ...closed, description: 'The process runs and answers.' },
);

export const ReadyBody = Type.Object(
  {
    ready: Type.Boolean(),
    reasons: Type.Array(Type.String(), { description: 'What is missing; empty when ready.' }),
  },
  { ...closed, description: 'Whether telemetry comes in and alerts can be kept.' },
);

export const RootBody = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    links: Type.Record(Type.String(), Type.String()),
  },
  { ...closed, description: 'Where everything is.' },
);
