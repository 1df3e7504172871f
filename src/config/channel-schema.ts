import Type from 'typebox';
import { choice, closed, duration, number, section } from './schema-parts.ts';

/** Beyond what a 32-bit float holds, as which readings travel, a limit could never be passed. */
const largest = 3e38;

const limit = (description: string) =>
  Type.Optional(Type.Number({ minimum: -largest, maximum: largest, description }));

/** Options of one channel of an asset class. */
export const ChannelOptions = Type.Object(
  {
    unit: Type.String({
      default: '',
      maxLength: 32,
      description: 'Engineering unit, shown beside the value.',
    }),
    path: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Where the value is in the JSON payload, with dots, or what stands at `{channel}` in the topic. When absent: `values.NAME`, or `NAME` for topics with `{channel}`.',
      }),
    ),
    limits: section(
      'Hard limits in the unit of the channel, watched from the first row on, without any model.',
      {
        hh: limit('An alert of high priority is raised, or escalates, at or above this.'),
        h: limit('An alert is raised at or above this.'),
        l: limit('An alert is raised at or below this.'),
        ll: limit('An alert of high priority is raised, or escalates, at or below this.'),
        deadband: number('How far inside a limit a reading must be again before it is clear.', 0, 0, largest),
        on_delay: duration('How long readings must be beyond a limit before that counts.', '0s'),
        off_delay: duration('How long they must be inside it again before that counts.', '0s'),
      },
    ),
    deviation: section(
      'Which deviations from what the model expects matter; others raise no alert, whatever the score.',
      {
        direction: choice('In which direction.', ['both', 'above', 'below'], 'both'),
        min_absolute: number('By how much at least, in the unit of the channel.', 0, 0, largest),
        min_relative: number('By how much at least, as a share of the expected value.', 0, 0, 1000),
      },
    ),
  },
  { ...closed, description: 'One channel; `{}` takes the defaults.', default: {} },
);
