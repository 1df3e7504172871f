import Type from 'typebox';
import { choice, duration, durationOrNone, flag, integer, number, section } from './schema-parts.ts';

/** `classes.*.retrain`. */
export const Retrain = section(
  'How the model of this class is renewed: a challenger is trained on the rows kept and must beat the model in use.',
  {
    schedule: Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()], {
      default: '0 3 * * *',
      description:
        'When, as cron writes it (minute, hour, day of month, month, day of week); `null` only when somebody asks.',
    }),
    time_zone: Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], {
      default: null,
      description: 'Time zone of the schedule, such as `Europe/Berlin`; `null` is that of the machine.',
    }),
    jitter: duration('Up to this much later, so that classes do not all begin at once.', '10m'),
    look_back: duration('How far back the rows go that it trains on.', '30d'),
    rows: integer(
      'Most rows of one training; of more it takes evenly spread stretches.',
      200_000,
      1000,
      10_000_000,
    ),
    judge: number(
      'Share of those rows, the latest, that model and challenger are compared on; the challenger is not trained on them.',
      0.2,
      0.05,
      0.5,
    ),
    warm_start: flag(
      'Start a challenger from the weights of the model in use, where network, channels and scaling allow, instead of random ones.',
      true,
    ),
    mode: choice(
      '`automatic` puts a challenger that has proved itself in use; with `manual` it waits for `forewarn models promote`.',
      ['automatic', 'manual'],
      'automatic',
    ),
    shadow_for: duration(
      'How long a challenger then scores live rows beside the model in use, without alerts, before it is decided on; `0s` decides at once.',
      '1h',
    ),
    accept_level_after: durationOrNone(
      'After an alert has stood for this long and the asset has settled at a new level, that level becomes its normal operation by itself, once between two trainings; `null` leaves it to `forewarn alerts accept-level`. What came slowly, as wear does, never does; a sudden fault that stays as it is looks the same.',
    ),
  },
);
