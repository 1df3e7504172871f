import Type, { type Static } from 'typebox';
import { type AlertRule, alertOutcomes } from '../types.ts';
import { ConfidenceLevel, closed, LabelFilter, Labels, Limit, Next, Nullable, Time } from './schemas.ts';

const Rule = Type.Unsafe<AlertRule>(
  Type.String({
    pattern: '^(anomaly|silent|limit:.+:(high|low)|watchdog:[a-z_]+)$',
    description:
      "`anomaly`: the model's verdict. `silent`: the asset sends nothing. `limit:CHANNEL:high` and `limit:CHANNEL:low`: the channel is beyond a limit of that side. `watchdog:WHAT`: Forewarn itself is in trouble.",
  }),
);
const State = Type.Enum(['firing', 'resolved']);
const Priority = Type.Enum(['low', 'medium', 'high', 'critical'], {
  description: "From the class's consequence and the peak of the score.",
});
const operatorStates = [
  ...(['unacknowledged', 'acknowledged', 'returned_unacknowledged', 'closed'] as const),
  ...(['shelved', 'suppressed', 'out_of_service'] as const),
] as const;
const OperatorState = Type.Enum([...operatorStates], {
  description:
    'Where it stands with the people who answer it, after ISA-18.2. `returned_unacknowledged`: over, and nobody acknowledged it.',
});

const alert = {
  id: Type.String(),
  asset: Type.String(),
  class: Type.String(),
  labels: Labels,
  rule: Rule,
  state: State,
  operatorState: OperatorState,
  handling: Type.Object(
    {
      told: Type.Boolean({ description: 'Whether its receivers were told of it.' }),
      acknowledged: Type.Boolean(),
      shelvedUntil: Nullable(Time('When it comes back by itself.')),
      suppressedFor: Nullable(
        Type.String(),
        'Which rule mutes it: `silence:ID`, `maintenance:NAME`, `topology:NAME` or `flapping`.',
      ),
      outOfService: Type.Boolean(),
      assignee: Nullable(Type.String()),
      outcome: Nullable(
        Type.Enum([...alertOutcomes]),
        'What a person found at the machine. Rows of false alarms are trained on.',
      ),
      unansweredSince: Nullable(
        Time('Since when it asks for an answer: told, not acknowledged, held back by nothing.'),
        'Null when it asks for none; the steps of `escalation` count from here.',
      ),
      escalation: Type.Object(
        {
          count: Type.Integer({ description: 'How often it was escalated.' }),
          steps: Type.Array(Type.String(), { description: 'Steps taken since `unansweredSince`.' }),
          sinks: Type.Array(Type.String(), { description: 'Who was told because of it.' }),
        },
        closed,
      ),
    },
    { ...closed, description: 'What people have done about it.' },
  ),
  priority: Priority,
  startedAt: Time('First anomalous window of the episode.'),
  firedAt: Time('When it had lasted long enough to be raised.'),
  resolvedAt: Nullable(Time('When it was over.')),
  score: Nullable(Type.Number(), 'Score when raised; 1.0 is the threshold.'),
  peakScore: Nullable(Type.Number(), 'Highest score of the episode.'),
  model: Nullable(Type.String(), 'Model version that raised it; `online` before the first is trained.'),
  confidence: ConfidenceLevel,
  channels: Type.Array(
    Type.Object(
      {
        channel: Type.String(),
        unit: Type.String(),
        share: Type.Number({ description: 'Its part of the score; all parts sum to 1.' }),
        expected: Nullable(Type.Number()),
        actual: Nullable(Type.Number()),
      },
      closed,
    ),
    { description: 'The evidence when it was raised, most guilty first.' },
  ),
  summary: Type.String({ description: 'One sentence for the operator.' }),
  action: Nullable(Type.String(), 'What the operator should do.'),
  incident: Nullable(
    Type.Object(
      {
        id: Type.String({ description: 'The id of its first alert.' }),
        first: Type.String({ description: 'The asset that was first.' }),
        alerts: Type.Integer({ description: 'How many alerts there are or were in it.' }),
      },
      closed,
    ),
    'Alerts of one group that overlap in time; null where alerts are not grouped.',
  ),
};

const line = {
  at: Time("Time in the asset's data, or of what a person did."),
  recordedAt: Time('Time of writing.'),
  what: Type.String({ description: 'Its state afterwards.' }),
  reason: Type.String(),
  by: Nullable(Type.String(), 'Who did it; null for what happens by itself.'),
  comment: Nullable(Type.String()),
};

export const AlertBody = Type.Object(alert, { ...closed, description: 'One episode of one asset.' });

export const AlertDetailBody = Type.Object(
  {
    ...alert,
    history: Type.Array(Type.Object(line, closed), { description: 'Oldest first.' }),
  },
  { ...closed, description: 'One episode of one asset with its history.' },
);

export const AlertsBody = Type.Object(
  { alerts: Type.Array(AlertBody), next: Next(Type.String()) },
  { ...closed, description: 'A page of alerts, newest first.' },
);

export const AlertsQuery = Type.Object(
  {
    asset: Type.Optional(Type.String({ minLength: 1, description: 'Alerts of the asset with this id.' })),
    class: Type.Optional(Type.String({ minLength: 1, description: 'Alerts of this class.' })),
    rule: Type.Optional(Rule),
    state: Type.Optional(State),
    operatorState: Type.Optional(
      Type.Enum(['open', ...operatorStates], { description: '`open` is every state but `closed`.' }),
    ),
    since: Type.Optional(Time('Fired at or after this time.')),
    until: Type.Optional(Time('Fired before this time.')),
    label: Type.Optional(LabelFilter),
    limit: Limit,
    cursor: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,128}$', description: '`next` of the page before.' }),
    ),
  },
  closed,
);

export type AlertBody = Static<typeof AlertBody>;
export type AlertDetailBody = Static<typeof AlertDetailBody>;
export type AlertsQuery = Static<typeof AlertsQuery>;
