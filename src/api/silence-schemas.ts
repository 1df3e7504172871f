import Type, { type Static } from 'typebox';
import { durationPattern } from '../config/duration.ts';
import { Count, closed, Limit, Nullable, Time } from './schemas.ts';

const By = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', description: 'Who says so.' });

export const SilenceInput = Type.Object(
  {
    matchers: Type.Array(Type.String({ minLength: 2, maxLength: 512 }), {
      minItems: 1,
      maxItems: 32,
      description:
        'Which alerts, such as `site=north` or `class=~pump.*`; all must match. The name is asset, class, rule or a label; `=~` takes an RE2 expression for the whole value.',
    }),
    by: By,
    comment: Type.String({
      minLength: 1,
      maxLength: 2000,
      pattern: '\\S',
      description: 'Why; it stays in the history.',
    }),
    duration: Type.String({
      pattern: durationPattern,
      maxLength: 20,
      description: 'How long, such as 30m, 8h or 7d; at most 366d.',
    }),
  },
  closed,
);

export const SilenceQuery = Type.Object(
  {
    over: Type.Enum(['hide', 'show'], {
      default: 'hide',
      description: '`show` lists those that are over as well, newest first.',
    }),
    limit: Limit,
  },
  closed,
);

export const ExpireQuery = Type.Object({ by: By }, closed);
export const SilenceParams = Type.Object({
  id: Type.String({ minLength: 1, description: 'Id of the silence.' }),
});

export const SilenceBody = Type.Object(
  {
    id: Type.String(),
    state: Type.Enum(['active', 'expired'], { description: 'Whether it silences now.' }),
    matchers: Type.Array(Type.String()),
    by: Type.String(),
    comment: Type.String(),
    since: Time('When it began.'),
    until: Time('When it ends by itself.'),
    endedAt: Nullable(Time('When somebody ended it before.')),
    endedBy: Nullable(Type.String(), 'Who ended it.'),
    muting: Count('Alerts that fire and that it keeps from people.'),
  },
  { ...closed, description: 'Alerts that match are recorded and shown, and told to nobody.' },
);

export const SilencesBody = Type.Object({ silences: Type.Array(SilenceBody) }, closed);

export type SilenceBody = Static<typeof SilenceBody>;
