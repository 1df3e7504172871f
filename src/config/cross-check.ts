import { checkChannels } from './channel-config.ts';
import { durationMs } from './duration.ts';
import { checkInflux } from './influx-config.ts';
import { checkNotifications } from './notification-check.ts';
import type { Problem } from './problem.ts';
import { checkRetrain } from './retrain-config.ts';
import type { ConfigFile } from './schema.ts';
import { checkHeartbeat } from './watchdog-config.ts';

type ClassFile = ConfigFile['classes'][string];

/** Finds combinations that cannot work although each option alone is in order. Touches neither disk nor network. */
export function crossCheck(file: ConfigFile): Problem[] {
  const problems: Problem[] = [
    ...checkMqtt(file.mqtt),
    ...checkNotifications(file),
    ...checkInflux(file),
    ...checkHeartbeat(file),
  ];
  const topics = new Map<string, string>();
  for (const [name, options] of Object.entries(file.classes)) {
    problems.push(...checkClass(`classes.${name}`, options));
    const shape = options.topic.replaceAll(/\{[^}]*\}/g, '{}');
    const other = topics.get(shape);
    if (other !== undefined) {
      const mend = 'Make one of them more specific, or put the channels into one class.';
      problems.push({
        path: `classes.${name}.topic`,
        value: options.topic,
        message: `catches the same topics as class ${other}`,
        mend,
      });
    }
    topics.set(shape, name);
  }
  return problems;
}

function checkMqtt(mqtt: ConfigFile['mqtt']): Problem[] {
  const problems: Problem[] = [];
  const encrypted = /^(mqtts|wss):/.test(mqtt.url);
  if (mqtt.password && !mqtt.username) {
    problems.push({
      path: 'mqtt.username',
      value: undefined,
      message: 'is missing although a password is given',
      mend: 'Add the user name.',
    });
  }
  if (mqtt.url === 'embedded') {
    if (mqtt.username || mqtt.password) {
      const mend = 'Remove username and password, or give the `url` of the broker that asks for them.';
      problems.push({
        path: 'mqtt.username',
        value: mqtt.username,
        message: 'has no use with the embedded broker',
        mend,
      });
    }
    return problems;
  }
  const host = hostOf(mqtt.url);
  if (host === null) {
    problems.push({
      path: 'mqtt.url',
      value: mqtt.url,
      message: 'is not a usable address',
      mend: 'Write it like mqtts://broker.plant.example:8883.',
    });
  } else if (host.credentials) {
    const mend = 'Use `username` and `password`, which keep the secret out of the file and the log.';
    problems.push({ path: 'mqtt.url', value: '(hidden)', message: 'contains a user name or password', mend });
  } else if (mqtt.password && !encrypted && !host.loopback && !mqtt.allow_cleartext_password) {
    const mend = 'Use mqtts://, or set `mqtt.allow_cleartext_password: true` if the network is trusted.';
    problems.push({
      path: 'mqtt.url',
      value: mqtt.url,
      message: 'would send the password in clear text',
      mend,
    });
  }
  if (!encrypted && (mqtt.tls.ca_file || mqtt.tls.cert_file)) {
    problems.push({
      path: 'mqtt.tls',
      value: mqtt.url,
      message: 'is set but `mqtt.url` does not use TLS',
      mend: 'Use mqtts:// or wss://, or remove `mqtt.tls`.',
    });
  }
  if (Boolean(mqtt.tls.cert_file) !== Boolean(mqtt.tls.key_file)) {
    problems.push({
      path: 'mqtt.tls',
      value: undefined,
      message: 'has one of `cert_file` and `key_file` without the other',
      mend: 'Give both or none.',
    });
  }
  return problems;
}

function hostOf(url: string): { loopback: boolean; credentials: boolean } | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname);
  return { loopback, credentials: parsed.username !== '' || parsed.password !== '' };
}

function checkClass(path: string, options: ClassFile): Problem[] {
  const problems: Problem[] = [
    ...checkRetrain(`${path}.retrain`, options.retrain),
    ...checkChannels(`${path}.channels`, options.channels),
  ];
  const { alert, window, train } = options;
  if (alert.clear > alert.raise) {
    const mend = `Set it to ${alert.raise} or less; the gap between the two is what keeps an alert from flickering.`;
    problems.push({
      path: `${path}.alert.clear`,
      value: alert.clear,
      message: `is above \`raise\` (${alert.raise})`,
      mend,
    });
  }
  if (alert.raise_on.windows > alert.raise_on.of) {
    problems.push({
      path: `${path}.alert.raise_on.windows`,
      value: alert.raise_on.windows,
      message: `is more than \`of\` (${alert.raise_on.of}), so that no alert would ever be raised`,
      mend: `Set it to ${alert.raise_on.of} or less, or \`of\` to more.`,
    });
  }
  for (const [channel, { path: where }] of Object.entries(options.channels)) {
    if (where !== undefined || !channel.includes('.') || options.topic.includes('{channel}')) continue;
    const mend = 'Give its `path`; dots in a path lead into the JSON object.';
    problems.push({
      path: `${path}.channels`,
      value: channel,
      message: 'has a dot in its name, so its place in the payload is not clear',
      mend,
    });
  }
  if (durationMs(options.sample_every) < 1) {
    problems.push({
      path: `${path}.sample_every`,
      value: options.sample_every,
      message: 'is shorter than a millisecond',
      mend: 'Make it 1ms or longer.',
    });
  }
  // The held-out share must hold at least as many windows as the window has rows, or the threshold rests on nothing.
  const fewest = Math.ceil((2 * window.length) / train.holdout);
  if (train.after < fewest) {
    const mend = `Set it to ${fewest} or more, make \`window.length\` shorter, or make \`train.holdout\` larger.`;
    problems.push({
      path: `${path}.train.after`,
      value: train.after,
      message: `is too few rows for windows of ${window.length}`,
      mend,
    });
  }
  if (train.student > 0 && train.network !== 'lstm_autoencoder') {
    problems.push({
      path: `${path}.train.student`,
      value: train.student,
      message: `cannot be made of a ${train.network}`,
      mend: 'Set it to 0, or `network` to lstm_autoencoder.',
    });
  } else if (train.student >= train.hidden) {
    problems.push({
      path: `${path}.train.student`,
      value: train.student,
      message: `is not smaller than the model itself (\`hidden\` is ${train.hidden})`,
      mend: `Set it to less than ${train.hidden}, or to 0 for no student.`,
    });
  }
  const silentAfter = durationMs(alert.silent_after);
  if (silentAfter > 0 && silentAfter < 2 * durationMs(options.sample_every)) {
    const mend = 'Make it at least twice `sample_every`, or 0s for never.';
    problems.push({
      path: `${path}.alert.silent_after`,
      value: alert.silent_after,
      message: 'is shorter than two samples',
      mend,
    });
  }
  return problems;
}
