import Type, { type Static } from 'typebox';
import { By, Comment } from './command-schemas.ts';
import { Count, closed, Nullable, Time } from './schemas.ts';

export const ModelBody = Type.Object(
  {
    id: Type.String(),
    class: Type.String(),
    state: Type.Enum(['in_use', 'shadowing', 'waiting', 'refused', 'kept', 'student'], {
      description:
        '`in_use` scores the class; `shadowing` scores live rows beside it, without alerts; `waiting` for a person; `refused`; `kept` to be restored; `student`: the small copy of a version.',
    }),
    champion: Type.Boolean({ description: 'Whether this version scores the class now.' }),
    pinned: Type.Boolean({ description: 'Whether somebody wants it kept.' }),
    reason: Nullable(Type.String(), 'The last that happened to it, as a sentence.'),
    by: Nullable(Type.String(), 'Who did it; null when it happened by itself.'),
    changedAt: Nullable(Time('When that was.')),
    card: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What it was trained on, how, its losses and its threshold.',
    }),
  },
  { ...closed, description: 'One model version.' },
);

export const ModelsBody = Type.Object(
  { models: Type.Array(ModelBody) },
  { ...closed, description: 'All versions kept.' },
);

export const RetrainInput = Type.Object(
  {
    by: By,
    comment: Comment,
    class: Type.String({ minLength: 1, description: 'The class to train.' }),
    withAlerted: Type.Boolean({
      default: false,
      description:
        'Learn from rows of alerts as well: the class runs in a new way, and that is normal from now on.',
    }),
  },
  closed,
);

export const RetrainBody = Type.Object(
  { class: Type.String() },
  {
    ...closed,
    description: 'It has begun; `retraining` in the status of the class says what becomes of it.',
  },
);

const Shadow = Type.Object(
  {
    windows: Count('Live windows that the challenger has scored.'),
    alerts: Count('Alerts that it would have raised.'),
    championAlerts: Count('Alerts that the model in use would have raised, counted in the same way.'),
  },
  closed,
);

export const Retraining = Type.Object(
  {
    state: Type.Enum(['idle', 'gathering', 'training', 'shadowing', 'waiting'], {
      description:
        '`gathering` the past; `training` a challenger, or waiting for other trainings; `shadowing`: it scores live rows without alerts; `waiting` for a person.',
    }),
    challenger: Nullable(Type.String(), 'The version that is tried or that waits.'),
    shadow: Nullable(Shadow),
    nextRunAt: Nullable(Time('When it trains next; null when only a person can ask.')),
    lastRunAt: Nullable(Time('When it last began to.')),
    lastResult: Nullable(
      Type.Enum([
        ...['skipped', 'failed', 'refused', 'shadowing', 'waiting'],
        ...['promoted', 'restored', 'level_accepted', 'pinned', 'unpinned'],
      ]),
      'What came of it.',
    ),
    lastReason: Nullable(Type.String(), 'Why, as a sentence.'),
    drift: Type.Object(
      {
        moved: Type.Array(Type.String(), {
          description:
            'Channels whose hourly means have moved for good since the model was put in use, and `score` when the scores have.',
        }),
        sinceAt: Nullable(Time('When the first of them was found.')),
      },
      closed,
    ),
  },
  { ...closed, description: 'How the model of the class is renewed.' },
);

export type ModelBody = Static<typeof ModelBody>;
