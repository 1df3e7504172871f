import Type from 'typebox';
import { duration, number, section } from './schema-parts.ts';

export const Watchdog = section(
  'Alerts about Forewarn itself, as asset `forewarn`: no data, a sink that fails, a full disk, trainings that failed and data that was lost.',
  {
    no_data_for: duration('Raise one when nothing came from the broker for this long; `0s` = never.', '10m'),
    sink_failing_for: duration(
      'Raise one when a receiver of alerts, or InfluxDB, has failed for this long; `0s` = never.',
      '10m',
    ),
    disk_free: number(
      'Raise one when less than this share of the disk of `state_dir` is free; 0 = never.',
      0.05,
      0,
      1,
    ),
  },
);

export const Heartbeat = section(
  'A sign of life to a service that raises an alarm when it stays away, such as healthchecks.io. It is kept back while alerts cannot be written.',
  {
    url: Type.Optional(
      Type.String({
        pattern: '^https?://.+',
        description: 'Gets an empty POST; no heartbeat when absent.',
      }),
    ),
    every: duration('How often.', '1m'),
  },
);
