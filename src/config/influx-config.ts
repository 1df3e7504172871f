import { INFLUX_SINK } from '../alerts/influx/sink-name.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';
import { type Environment, readSecret } from './secret.ts';

/** InfluxDB, with durations as milliseconds and its secrets read. */
export interface InfluxConfig {
  readonly url: string;
  readonly database: string;
  readonly retentionPolicy: { readonly name: string; readonly durationMs: number } | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly scores: boolean;
  readonly rows: boolean;
  readonly channelErrors: boolean;
  readonly timeoutMs: number;
  readonly spoolBytes: number;
}

/** Null when no address is given. */
export function influxConfig(
  { influx }: ConfigFile,
  context: { env: Environment; baseDir: string; problems: Problem[] },
): InfluxConfig | null {
  const password = readSecret(influx.password, 'influx.password', context);
  const token = readSecret(influx.token, 'influx.token', context);
  if (influx.url === undefined) return null;
  const policy = influx.retention_policy;
  return {
    url: influx.url,
    database: influx.database,
    retentionPolicy:
      policy === undefined ? null : { name: policy, durationMs: durationMs(influx.retention_duration) },
    username: influx.username ?? null,
    password,
    token,
    scores: influx.scores,
    rows: influx.rows,
    channelErrors: influx.channel_errors,
    timeoutMs: durationMs(influx.timeout),
    spoolBytes: influx.spool_bytes,
  };
}

/** InfluxDB keeps nothing for less than an hour: https://docs.influxdata.com/influxdb/v1/query_language/manage-database */
const SHORTEST_RETENTION_MS = 3_600_000;

/** Finds combinations that cannot work. */
export function checkInflux({ influx, webhooks }: ConfigFile): Problem[] {
  const problems: Problem[] = [];
  const say = (option: string, value: unknown, message: string, mend: string) => {
    problems.push({ path: `influx.${option}`, value, message, mend });
  };
  const { url, username, password, token, retention_policy: policy, retention_duration: kept } = influx;
  const keptMs = durationMs(kept);
  if (url === undefined) {
    const needless = [username, password, token, policy].some((option) => option !== undefined);
    if (needless)
      say('url', undefined, 'is missing although other options are given', 'Add it, or remove them.');
  } else if (!URL.canParse(url)) {
    say('url', url, 'is not a usable address', 'Write it like http://influx.plant.example:8086.');
  } else if (/^https?:\/\/[^/]*@/.test(url)) {
    const mend = 'Use `username` and `password`, which keep the secret out of the file and the log.';
    say('url', '(hidden)', 'contains a user name or password', mend);
  } else if (new URL(url).search !== '' || new URL(url).hash !== '') {
    say(
      'url',
      url,
      'has more than an address and a path',
      'Remove what begins at `?` or `#`; see `database`.',
    );
  }
  if (password && !username) {
    say('username', undefined, 'is missing although a password is given', 'Add the user name.');
  }
  if (token && (username || password)) {
    const mend = 'Give the token for 2.x and 3.x, or user name and password for 1.x.';
    say('token', undefined, 'is given beside a user name or password', mend);
  }
  if (keptMs > 0 && keptMs < SHORTEST_RETENTION_MS) {
    say('retention_duration', kept, 'is shorter than an hour', 'Make it 1h or longer, or 0s for ever.');
  } else if (keptMs > 0 && policy === undefined && url !== undefined) {
    const mend = 'Name the policy in `retention_policy`, or remove it.';
    say('retention_duration', kept, 'has no retention policy to belong to', mend);
  }
  if (durationMs(influx.timeout) < 1) {
    say('timeout', influx.timeout, 'is no time at all', 'Make it some seconds.');
  }
  const taken = url === undefined ? -1 : webhooks.findIndex(({ name }) => name === INFLUX_SINK);
  if (taken >= 0) {
    const mend = 'Give the webhook another name; undelivered alerts are kept under it.';
    const path = `webhooks.${taken}.name`;
    problems.push({ path, value: INFLUX_SINK, message: 'is the name of InfluxDB itself', mend });
  }
  return problems;
}
