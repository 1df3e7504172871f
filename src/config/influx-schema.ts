import Type from 'typebox';
import { duration, flag, integer, Secret, section } from './schema-parts.ts';

export const Influx = section(
  'InfluxDB as a place for alerts and scores: 1.x, and 2.x and 3.x through their 1.x interface.',
  {
    url: Type.Optional(
      Type.String({
        pattern: '^https?://.+',
        description: 'Address of InfluxDB; nothing is written to it when absent.',
      }),
    ),
    database: Type.String({
      default: 'forewarn',
      minLength: 1,
      description:
        'Database, created when it is not there and the user may; in 2.x what a bucket is mapped to.',
    }),
    retention_policy: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Retention policy to write to, created when it is not there and the user may; the database's own when absent.",
      }),
    ),
    retention_duration: duration(
      'How long a retention policy that Forewarn creates keeps points; `0s` for ever.',
      '0s',
    ),
    username: Type.Optional(Type.String({ minLength: 1, description: 'User name in InfluxDB 1.x.' })),
    password: Type.Optional(Secret('Password in InfluxDB 1.x.')),
    token: Type.Optional(Secret('Token of InfluxDB 2.x or 3.x, sent as `Authorization: Token`.')),
    scores: flag('Write the score of every window.', true),
    rows: flag('Write the readings of every row as well.', false),
    channel_errors: flag(
      'Write for every window how far each channel is from what was expected, and its share of the score.',
      false,
    ),
    timeout: duration('Give up on one attempt to write after this long; it is tried again.', '10s'),
    spool_bytes: integer(
      'Scores, rows and channel errors that wait on disk for an InfluxDB that is away; beyond that the oldest are dropped.',
      268_435_456,
      1_048_576,
      1_099_511_627_776,
    ),
  },
);
