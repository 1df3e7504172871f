import Type from 'typebox';
import { choice, closed, duration, flag, integer, names, Secret, section } from './schema-parts.ts';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const off = (description: string) => flag(description, false);

const tls = (whose: string) =>
  section(`TLS to ${whose}.`, {
    ca_file: text(
      `Certificate authority (PEM) that signed the certificate of ${whose}; the system list when absent.`,
    ),
    cert_file: text('Own certificate (PEM).'),
    key_file: text('Key of the own certificate (PEM).'),
    verify: flag('Refuse a certificate that does not check out.', true),
  });

const webhookFormats = [
  'alertmanager',
  'slack',
  'teams',
  'pagerduty',
  'alertmanager_api',
  'template',
] as const;

export const Webhook = Type.Object(
  {
    name: Type.String({ pattern: names, description: 'Names the receiver in logs, metrics and the API.' }),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://.+',
        description: 'Gets a POST for every alert raised and resolved. Give this or `url_from`.',
      }),
    ),
    url_from: Type.Optional(
      Secret('The same for an address that is a secret itself, as those of Slack and Teams are.'),
    ),
    format: choice(
      "What the receiver understands: `alertmanager` is the JSON of Alertmanager's webhook, version 4; `alertmanager_api` is Alertmanager itself (`.../api/v2/alerts`); `template` is your own.",
      webhookFormats,
      'alertmanager',
    ),
    template: text('For format `template`: a Mustache template that becomes JSON.'),
    routing_key: Type.Optional(Secret('For format `pagerduty`: the integration key of the service.')),
    timeout: duration('Give up on one attempt after this long; it is tried again.', '10s'),
    bearer: Type.Optional(Secret('Sent as `Authorization: Bearer`.')),
    secret: Type.Optional(Secret('Key of the HMAC-SHA256 signature of each request.')),
    tls: tls('the receiver'),
    allow_link_local: off(
      'Let requests go to link-local addresses and to those where clouds hand out credentials.',
    ),
  },
  { ...closed, description: 'One receiver.' },
);

export const MqttOutput = section(
  'Alerts as retained messages on a broker, one topic an asset, with birth and will of Forewarn itself.',
  {
    enabled: off('Publish.'),
    url: Type.Optional(
      Type.String({
        pattern: '^(mqtt|mqtts|ws|wss)://.+$',
        description:
          'Another broker than that of the telemetry; the same one, with its login, when absent. `mqtt.protocol` holds for both.',
      }),
    ),
    prefix: Type.String({
      default: 'forewarn',
      pattern: '^[^+#/$\\s][^+#/\\s]*(/[^+#/\\s]+)*$',
      description:
        'First levels of the topics: `PREFIX/alerts/ASSET`, `PREFIX/scores/ASSET` and `PREFIX/status`.',
    }),
    scores: off('Publish the score of every window as well, not retained.'),
    username: text('User name on the other broker.'),
    password: Type.Optional(Secret('Password on the other broker.')),
    allow_cleartext_password: off('Send that password over a connection without TLS to another machine.'),
    tls: tls('the other broker'),
    timeout: duration('Give up on one attempt after this long; it is tried again.', '10s'),
  },
);

const address = (description: string) =>
  Type.String({ pattern: '^([^<>\\r\\n]*<[^@\\s<>]+@[^@\\s<>]+>|[^@\\s<>]+@[^@\\s<>]+)$', description });

export const Email = section('A mail for every alert raised and resolved.', {
  host: text('Mail server (SMTP); no mail is sent when absent.'),
  port: integer('Its port: usually 587, or 465 with `implicit`.', 587, 1, 65_535),
  encryption: choice(
    '`starttls` turns to TLS or sends nothing, `implicit` is TLS from the start, `none` is for this machine and trusted networks.',
    ['starttls', 'implicit', 'none'],
    'starttls',
  ),
  username: text('User name on the mail server.'),
  password: Type.Optional(Secret('Password on the mail server.')),
  from: Type.Optional(address('Sender, such as `Forewarn <forewarn@plant.example>`.')),
  to: Type.Array(address('One recipient.'), { default: [], maxItems: 100, description: 'Recipients.' }),
  tls: tls('the mail server'),
  timeout: duration('Give up on one attempt after this long; it is tried again.', '30s'),
});
