import Type from 'typebox';
import { choice, closed, duration, integer, names, number, section } from './schema-parts.ts';

const matchers = (description: string) =>
  Type.Array(Type.String({ minLength: 3, maxLength: 512 }), { default: [], maxItems: 32, description });

const MaintenanceWindow = Type.Object(
  {
    name: Type.String({
      pattern: names,
      description: 'Names the window in the API and in the history of alerts.',
    }),
    match: matchers(
      'Which alerts, such as `site=north` and `class=~pump.*`; all must match, none matches all.',
    ),
    timezone: Type.String({
      default: 'UTC',
      minLength: 1,
      maxLength: 64,
      description: 'Zone of `start`, and of times in `calendar` that name none, such as `Europe/Berlin`.',
    }),
    start: Type.Optional(
      Type.String({
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$',
        description: 'Local time at which the first one begins, such as `2026-01-05T06:00`.',
      }),
    ),
    duration: duration('How long each one lasts.', '1h'),
    rrule: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description:
          'When it recurs (RFC 5545), such as `FREQ=WEEKLY;BYDAY=MO`; it happens once when absent.',
      }),
    ),
    calendar: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'An iCalendar file (`.ics`) whose events are the windows, instead of `start` and `rrule`.',
      }),
    ),
  },
  { ...closed, description: 'One maintenance window.' },
);

const TopologyRule = Type.Object(
  {
    name: Type.String({
      pattern: names,
      description: 'Names the rule in the API and in the history of alerts.',
    }),
    source: matchers('Which assets others depend on, such as `asset=gateway`.'),
    silent_for: Type.Optional(
      Type.String({
        pattern: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$',
        description:
          'The source is down when it sends nothing for this long; shorter than any `silent_after`.',
      }),
    ),
    channel: Type.Optional(
      Type.String({ minLength: 1, description: 'A channel of the source that says that it stands still.' }),
    ),
    below: Type.Optional(Type.Number({ description: 'The source is down while `channel` reads less.' })),
    above: Type.Optional(Type.Number({ description: 'The source is down while `channel` reads more.' })),
    mutes: matchers('Which alerts are muted while the source is down; none written mutes all.'),
    same: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: [],
      maxItems: 8,
      description: 'Labels that the source and what it mutes have in common, such as `[site, line]`.',
    }),
    keep_for: duration('How long it mutes after the source is back, while the others come back too.', '1m'),
  },
  { ...closed, description: 'One dependency between assets.' },
);

export const Maintenance = Type.Array(MaintenanceWindow, {
  default: [],
  maxItems: 256,
  description:
    'Planned work: alerts are recorded and shown, and told to nobody who is told of them while it lasts.',
});

export const TopologyRules = Type.Array(TopologyRule, {
  default: [],
  maxItems: 64,
  description:
    'What depends on what: while a gateway is silent or a line stands still, its assets say nothing new.',
});

export const Grouping = section(
  'Alerts that are told together: webhooks (Alertmanager itself apart) and mail get one notification for several alerts.',
  {
    by: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      default: [],
      maxItems: 8,
      description:
        'Labels, or `class`: alerts with the same values are a group, such as `[site, line]`. Each alert is told by itself when there is none, and where it lacks one of the labels.',
    }),
    wait: duration('How long the first alert of a notification waits for others.', '30s'),
    interval: duration('Least time between two notifications of a group.', '5m'),
    flood: section(
      'Few notifications of a group in which very much happens: one `within` that time, which counts what it does not list, until less than half as many alerts come.',
      {
        alerts: integer(
          'More alerts than this in a group are a flood; 0 calls nothing a flood.',
          10,
          0,
          1_000_000,
        ),
        within: duration('The time in which they are raised.', '10m'),
      },
    ),
  },
);

const EscalationStep = Type.Object(
  {
    name: Type.String({
      pattern: names,
      description: 'Names the step in notifications and in the history of alerts.',
    }),
    after: duration(
      'How long an alert waits for an acknowledgement, on the wall clock; `0s` tells these sinks together with the others.',
      '15m',
    ),
    sinks: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: 16,
      description:
        'Names of webhooks, or `email`: who is told then. A sink that a step names hears of no other alerts.',
    }),
    match: matchers('Which alerts, such as `class=pump`; all must match, none matches all.'),
    priority: choice('Least priority of the alerts.', ['low', 'medium', 'high', 'critical'], 'low'),
  },
  { ...closed, description: 'One step of the escalation.' },
);

export const Escalation = Type.Array(EscalationStep, {
  default: [],
  maxItems: 32,
  description:
    'Who is told of an alert that nobody acknowledges; it stops when somebody does, when the alert is over, and while something keeps it from people.',
});

export const Flapping = section(
  'Alerts that are raised and over again and again are told when they have settled (weighted changes among 21 states, as Nagios does).',
  {
    every: duration('Time between two states that are compared; `0s` never calls an alert flapping.', '1m'),
    low: number('It has settled at this share of changes or less.', 0.05, 0, 1),
    high: number('It flaps at this share of changes or more.', 0.2, 0.01, 1),
  },
);
