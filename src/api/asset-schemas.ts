import Type, { type Static } from 'typebox';
import {
  ConfidenceLevel,
  Count,
  closed,
  LabelFilter,
  Labels,
  Limit,
  Next,
  Nullable,
  Time,
} from './schemas.ts';

const AssetState = Type.Enum(['learning', 'warming_up', 'normal', 'anomalous', 'unknown', 'silent'], {
  description:
    '`learning`: its class has no model yet, and the online model is not warm. `warming_up`: too few rows for a window. `unknown`: see `reason`. `silent`: sends nothing.',
});
const UnknownReason = Type.Enum(['learning', 'warming_up', 'low_coverage', 'overloaded', 'engine_failed']);
const Reading = Nullable(Type.Number());

const brief = {
  id: Type.String({ description: 'Its labels joined by `/`.' }),
  class: Type.String(),
  labels: Labels,
  state: AssetState,
  reason: Nullable(
    UnknownReason,
    'Why its last window has no score; null when it has one or there was none.',
  ),
  alert: Nullable(Type.String(), 'Id of its firing alert.'),
  lastRowAt: Nullable(Time('The time in its data.')),
  lastSeenAt: Time('The time of arrival.'),
  score: Nullable(Type.Number(), 'Its last score; 1.0 is the threshold.'),
  scoredAt: Nullable(Time('Time of the last row of the window that has that score.')),
  model: Nullable(Type.String(), 'Model version that gave it; `online` before the first is trained.'),
  confidence: ConfidenceLevel,
  rows: Count('Rows since the start.'),
  windows: Count('Windows since the start, scored or not.'),
  anomalousWindows: Count('Windows since the start with a score at or above the threshold.'),
};

export const AssetBody = Type.Object(brief, { ...closed, description: 'One asset in brief.' });

const AssetCursor = Type.Integer({ minimum: 0, description: '`next` of the page before.' });

export const AssetsBody = Type.Object(
  { assets: Type.Array(AssetBody), next: Next(AssetCursor) },
  { ...closed, description: 'A page of assets, in the order of their first message.' },
);

export const AssetDetailBody = Type.Object(
  {
    ...brief,
    channels: Type.Array(Type.Object({ name: Type.String(), unit: Type.String() }, closed), {
      description: 'The order of `values` and `measured`.',
    }),
    attribution: Nullable(
      Type.Array(
        Type.Object(
          {
            channel: Type.String(),
            unit: Type.String(),
            share: Type.Number({ description: 'Its part of the score; all parts sum to 1.' }),
            expected: Reading,
            actual: Reading,
          },
          closed,
        ),
      ),
      'What the last score says of each channel, most guilty first; null before the first score.',
    ),
    lastRows: Type.Array(
      Type.Object(
        {
          at: Time('Time of the row.'),
          values: Type.Array(Reading, { description: 'Where not measured: the last known value, or null.' }),
          measured: Type.Array(Type.Boolean()),
        },
        closed,
      ),
      { description: 'Oldest first.' },
    ),
    lastScores: Type.Array(
      Type.Object(
        {
          at: Time('Time of the last row of the window.'),
          score: Nullable(Type.Number()),
          verdict: Type.Enum(['normal', 'anomalous', 'unknown']),
          reason: Nullable(UnknownReason),
        },
        closed,
      ),
      { description: 'Oldest first.' },
    ),
  },
  { ...closed, description: 'One asset with its last rows and scores.' },
);

export const AssetsQuery = Type.Object(
  {
    class: Type.Optional(Type.String({ minLength: 1, description: 'Assets of this class.' })),
    state: Type.Optional(AssetState),
    label: Type.Optional(LabelFilter),
    limit: Limit,
    cursor: Type.Optional(AssetCursor),
  },
  closed,
);

export type AssetBody = Static<typeof AssetBody>;
export type AssetDetailBody = Static<typeof AssetDetailBody>;
