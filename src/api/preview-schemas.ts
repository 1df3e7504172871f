import Type, { type Static } from 'typebox';
import { Count, closed, Nullable, Time } from './schemas.ts';

const Counts = (description: string) =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description });

const PreviewSide = Type.Object(
  {
    alerts: Count('Alerts that would have been raised.'),
    secondsInAlarm: Count(
      'Of all assets together, from the first sign of each alert to its end, or to that of the rows.',
    ),
    byAsset: Counts('Alerts by asset; those without any are absent.'),
    byDay: Counts('Alerts by UTC day, such as `2026-01-31`; days without any are absent.'),
  },
  closed,
);

const PreviewedAlert = Type.Object(
  {
    asset: Type.String(),
    rule: Type.String(),
    priority: Type.String(),
    startedAt: Time('First sign.'),
    endedAt: Nullable(Time('Null where it had not ended with the rows.')),
    peakScore: Nullable(Type.Number()),
  },
  closed,
);

export const PreviewInput = Type.Object(
  {
    set: Type.Array(Type.String({ maxLength: 500, pattern: '^[a-z][^=]*=' }), {
      minItems: 1,
      maxItems: 20,
      description: 'Settings of the class, each as `PATH=VALUE`, such as `alert.raise=1.3`.',
    }),
    days: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3650,
      default: 7,
      description: 'How far to look back.',
    }),
  },
  closed,
);

export const PreviewBody = Type.Object(
  {
    class: Type.String(),
    model: Nullable(
      Type.String(),
      'What scored; null when the class has no model, and limits alone were watched.',
    ),
    settings: Type.Array(Type.String()),
    from: Time('First row.'),
    to: Time('Last row.'),
    days: Type.Number(),
    assets: Count('Assets with rows.'),
    rows: Count('Rows.'),
    windows: Count('Windows scored.'),
    notes: Type.Array(Type.String(), { description: 'What the answer rests on, and what it lacks.' }),
    present: PreviewSide,
    changed: PreviewSide,
    come: Type.Array(PreviewedAlert, {
      description: 'New alerts: they overlap in time with none of the same alarm under the present settings.',
    }),
    go: Type.Array(PreviewedAlert, {
      description: 'Alerts of the present settings that would not have been.',
    }),
  },
  { ...closed, description: 'Alerts of the past, under the present settings and under changed ones.' },
);

export type PreviewSide = Static<typeof PreviewSide>;
export type PreviewedAlert = Static<typeof PreviewedAlert>;
export type Preview = Static<typeof PreviewBody>;
