import Type, { type Static } from 'typebox';
import { Count, closed, Nullable, Time } from './schemas.ts';

export const KpiQuery = Type.Object(
  {
    since: Type.Optional(Time('From when on; a week ago when absent.')),
    until: Type.Optional(Time('Up to when; now when absent.')),
    label: Type.String({
      default: 'site',
      minLength: 1,
      maxLength: 64,
      description: 'The label that says at which site an asset is.',
    }),
  },
  closed,
);

const Share = Type.Number({ minimum: 0, description: 'From 0 to 1.' });
const alarm = { asset: Type.String(), rule: Type.String() };
const list = (properties: Parameters<typeof Type.Object>[0], description: string) =>
  Type.Array(Type.Object({ ...alarm, ...properties }, closed), { description });
const Priority = Type.Object({ count: Count('Alerts told of this priority.'), share: Share }, closed);

const Kpis = Type.Object(
  {
    raised: Count('Alerts raised.'),
    told: Count('Alerts that their receivers were told of.'),
    perTenMinutes: Type.Object(
      { mean: Type.Number(), peak: Count('Most told in any ten minutes.') },
      { ...closed, description: 'Alerts told in ten minutes.' },
    ),
    flood: Type.Object(
      { count: Count('How many floods.'), ms: Type.Number(), share: Share },
      { ...closed, description: 'From more than ten told in ten minutes until fewer than five.' },
    ),
    top: list({ count: Count('Times told.'), share: Share }, 'The ten alarms told most often.'),
    chattering: list(
      { most: Count('Times raised in one minute.') },
      'Alarms raised three times or more within a minute.',
    ),
    stale: list(
      { alertId: Type.String(), ms: Type.Number({ description: 'How long it fired.' }) },
      'Alerts that fired for more than a day, longest first.',
    ),
    priorities: Type.Object(
      { low: Priority, medium: Priority, high: Priority, critical: Priority },
      { ...closed, description: 'Alerts told, by priority.' },
    ),
    outcomes: Type.Object(
      {
        faults: Count('Alerts of which a person said that something was wrong.'),
        falseAlarms: Count('Alerts of which a person said that nothing was wrong.'),
        unjudged: Count('Alerts of which nobody has said what was found.'),
        falseShare: Nullable(Share, 'False alarms among those judged.'),
      },
      { ...closed, description: 'What people found at the machine, of the alerts told.' },
    ),
    acknowledging: Type.Object(
      {
        count: Count('Alerts told and acknowledged.'),
        waiting: Count('Alerts told and not acknowledged.'),
        medianMs: Nullable(Type.Number()),
        p90Ms: Nullable(Type.Number()),
      },
      { ...closed, description: 'From being told to being acknowledged.' },
    ),
  },
  { ...closed, description: 'How alarms burden people, after ISA-18.2.' },
);

export const KpisBody = Type.Object(
  {
    since: Time('Start of the time that the figures are of.'),
    until: Time('Its end.'),
    total: Kpis,
    sites: Type.Array(Type.Object({ site: Type.String(), kpis: Kpis }, closed)),
    classes: Type.Array(Type.Object({ class: Type.String(), kpis: Kpis }, closed)),
    groups: Type.Array(Type.Object({ site: Type.String(), class: Type.String(), kpis: Kpis }, closed), {
      description: 'Each class at each site.',
    }),
  },
  closed,
);

export type KpisBody = Static<typeof KpisBody>;
