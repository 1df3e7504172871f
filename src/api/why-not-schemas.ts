import Type, { type Static } from 'typebox';
import { findingReasons } from '../why-not/finding.ts';
import { closed, Nullable, Time } from './schemas.ts';

const Finding = Type.Object(
  {
    reason: Type.Enum([...findingReasons], { description: 'Stable; decide on it and never on the text.' }),
    text: Type.String({ description: 'For people.' }),
    have: Nullable(Type.Number(), 'How far it is: rows, a share, a score, windows or milliseconds.'),
    need: Nullable(Type.Number(), 'How far it must be, in the same unit.'),
    channels: Type.Array(Type.String(), { description: 'Most guilty, or most often missing, first.' }),
    rule: Nullable(Type.String(), 'The alarm that it is about; null for all of them.'),
    alert: Nullable(Type.String(), 'Id of the alert that fires.'),
    sinceAt: Nullable(Time('Since when.')),
    untilAt: Nullable(Time('When it ends by itself.')),
    by: Nullable(Type.String(), 'Who ordered it.'),
    comment: Nullable(Type.String(), 'Why.'),
  },
  { ...closed, description: 'One reason; a field that does not apply is null.' },
);

export const WhyNotBody = Type.Object(
  {
    asset: Type.String(),
    class: Nullable(Type.String(), 'Null for an asset that has sent nothing since the start.'),
    alerting: Type.Boolean({ description: 'Whether an alert of it fires, of any rule.' }),
    findings: Type.Array(Finding, {
      description:
        'Alerts that fire, then what stands in the way, in the order of the data path; at least one.',
    }),
  },
  { ...closed, description: 'Why an asset is not alerting now.' },
);

export type WhyNotBody = Static<typeof WhyNotBody>;
