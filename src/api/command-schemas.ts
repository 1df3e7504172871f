import Type, { type Static } from 'typebox';
import { durationPattern } from '../config/duration.ts';
import { alertOutcomes } from '../types.ts';
import { closed, Nullable, Time } from './schemas.ts';

export const By = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  description: 'Who gives the command.',
});
const text = (description: string) =>
  Type.String({ minLength: 1, maxLength: 2000, pattern: '\\S', description });
export const Comment = Type.Optional(text('Why; it stays in the history.'));
const Why = text('Why; it stays in the history.');

export const OrderInput = Type.Object({ by: By, comment: Comment }, closed);

export const CommentInput = Type.Object({ by: By, comment: text('What to write down.') }, closed);

export const ShelveInput = Type.Object(
  {
    by: By,
    comment: Why,
    duration: Type.String({
      pattern: durationPattern,
      maxLength: 20,
      description: 'How long, such as 30m, 8h or 7d; at most 30d. It comes back by itself.',
    }),
  },
  closed,
);

export const AssignInput = Type.Object(
  {
    by: By,
    to: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '\\S',
      description: 'Who is to look after it.',
    }),
    comment: Comment,
  },
  closed,
);

export const JudgeInput = Type.Object(
  {
    by: By,
    as: Type.Enum([...alertOutcomes, 'unknown'], {
      description:
        'What was found at the machine. Retrainings learn from the rows of a `false_alarm`; `unknown` takes back what was said.',
    }),
    comment: Comment,
  },
  closed,
);

export const EscalateInput = Type.Object(
  {
    by: By,
    step: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'Name of a step of `escalation`; the next one that was not taken when absent.',
      }),
    ),
    comment: Comment,
  },
  closed,
);

const subject = {
  asset: Type.Optional(Type.String({ minLength: 1, description: 'Id of an asset.' })),
  class: Type.Optional(Type.String({ minLength: 1, description: 'A class: all of its assets.' })),
};

export const TakeOutInput = Type.Object({ by: By, comment: Why, ...subject }, closed);
export const ReturnInput = Type.Object({ by: By, comment: Comment, ...subject }, closed);

export const HoldBody = Type.Object(
  {
    kind: Type.Enum(['shelved', 'out_of_service']),
    asset: Nullable(Type.String(), 'Its asset; null when it is on a class.'),
    class: Nullable(Type.String(), 'Its class; null when it is on an asset.'),
    rule: Nullable(Type.String(), 'The rule whose alerts are shelved; null for all rules.'),
    since: Time('When it began.'),
    until: Nullable(Time('When it ends by itself.')),
    by: Type.String(),
    comment: Type.String(),
  },
  { ...closed, description: 'Something that keeps alerts from their receivers.' },
);

export const HoldsBody = Type.Object(
  { holds: Type.Array(HoldBody) },
  { ...closed, description: 'What is in force, oldest first.' },
);

export type HoldBody = Static<typeof HoldBody>;
