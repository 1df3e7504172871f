import Type, { type Static } from 'typebox';
import { AssetClass } from './class-schema.ts';
import { Influx } from './influx-schema.ts';
import { Escalation, Flapping, Grouping, Maintenance, TopologyRules } from './noise-schema.ts';
import { Email, MqttOutput, Webhook } from './notification-schema.ts';
import { choice, closed, duration, integer, names, Secret, section } from './schema-parts.ts';
import { Heartbeat, Watchdog } from './watchdog-schema.ts';

/*
 * The one schema: it is the type of the file, its validator, its defaults, the editor's JSON Schema
 * (config/forewarn.schema.json) and the reference page (docs/configuration.md). Every option has a description,
 * which is the sentence that users read.
 */

const Log = section('What the daemon says of itself.', {
  level: choice('The least important line that is written.', ['error', 'warn', 'info', 'debug'], 'info'),
  format: choice(
    '`json` is one object a line, `pretty` is for people; `auto` is pretty on a terminal.',
    ['auto', 'json', 'pretty'],
    'auto',
  ),
});

const Mqtt = section('Where telemetry comes from.', {
  url: Type.String({
    default: 'embedded',
    pattern: '^(embedded|(mqtt|mqtts|ws|wss)://.+)$',
    description:
      '`embedded` starts a broker inside Forewarn; otherwise `mqtt://`, `mqtts://`, `ws://` or `wss://`.',
  }),
  embedded: section(
    'The embedded broker, used when `url` is `embedded`. It asks nobody for a password: keep it on loopback.',
    {
      host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
      port: integer('Port to listen on; 0 takes a free one.', 1883, 0, 65_535),
    },
  ),
  client_id: Type.String({
    default: 'forewarn',
    pattern: '^[^#+\\s]{1,64}$',
    description: 'Names the persistent session on the broker; must be unique on that broker.',
  }),
  protocol: choice('MQTT version: `5` or `3.1.1`.', ['5', '3.1.1'], '5'),
  session_expiry: duration(
    'How long the broker keeps messages (QoS 1 and 2) for a Forewarn that is away; `0s` keeps none.',
    '1h',
  ),
  username: Type.Optional(Type.String({ minLength: 1, description: 'User name on the broker.' })),
  password: Type.Optional(Secret('Password on the broker.')),
  allow_cleartext_password: Type.Boolean({
    default: false,
    description: 'Send the password over a connection without TLS to another machine.',
  }),
  tls: section('TLS for `mqtts://` and `wss://`.', {
    ca_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Certificate authority (PEM) that signed the broker; the system list when absent.',
      }),
    ),
    cert_file: Type.Optional(Type.String({ minLength: 1, description: 'Client certificate (PEM).' })),
    key_file: Type.Optional(
      Type.String({ minLength: 1, description: 'Key of the client certificate (PEM).' }),
    ),
    server_name: Type.Optional(
      Type.String({
        minLength: 1,
        description: "Name expected in the broker's certificate, if not the host of `url`.",
      }),
    ),
    verify: Type.Boolean({
      default: true,
      description: 'Refuse a broker whose certificate does not check out.',
    }),
  }),
});

const Api = section('The status API. It has no authentication yet: keep it on loopback or behind a proxy.', {
  host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
  port: integer('Port to listen on; 0 takes a free one.', 8080, 0, 65_535),
  external_url: Type.Optional(
    Type.String({
      pattern: '^https?://.+',
      description:
        'Address under which people reach the API, for the links in notifications; the own address when absent.',
    }),
  ),
});

const Limits = section('Bounds that keep a flood or a mistake from filling the memory.', {
  payload_bytes: integer('A larger MQTT payload is refused (`too_large`).', 262_144, 64, 268_435_456),
  assets: integer('Messages of further assets are refused (`too_many_assets`).', 100_000, 1, 10_000_000),
  windows_waiting: integer(
    'Windows that may wait to be scored; beyond that the oldest gets verdict `overloaded`.',
    65_536,
    1,
    10_000_000,
  ),
});

export const ConfigFile = Type.Object(
  {
    state_dir: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Where alerts and models are kept. When absent: `$STATE_DIRECTORY` (set by systemd), else `./state`.',
      }),
    ),
    log: Log,
    mqtt: Mqtt,
    api: Api,
    engine: choice(
      'What computes: `tensorflow` (`@tensorflow/tfjs-node-gpu`), `onnx` (ONNX Runtime on the CPU), or `auto`: TensorFlow where it sees a GPU. Without TensorFlow the CPU computes, and the status says why.',
      ['auto', 'onnx', 'tensorflow'],
      'auto',
    ),
    limits: Limits,
    classes: Type.Record(Type.String({ pattern: names }), AssetClass, {
      minProperties: 1,
      additionalProperties: false,
      description: 'Asset classes by name.',
    }),
    webhooks: Type.Array(Webhook, { default: [], maxItems: 64, description: 'Receivers of alerts.' }),
    mqtt_output: MqttOutput,
    email: Email,
    influx: Influx,
    maintenance: Maintenance,
    topology: TopologyRules,
    flapping: Flapping,
    grouping: Grouping,
    escalation: Escalation,
    watchdog: Watchdog,
    heartbeat: Heartbeat,
    retention: section('How long things are kept.', {
      alerts: duration('Resolved alerts are deleted after this long, once delivered.', '400d'),
      models: integer('Model versions kept for each class, the one in use not counted.', 5, 0, 1000),
      history: section('Rows of all assets, compressed, in the state directory.', {
        age: duration('Rows are deleted this long after they came.', '90d'),
        bytes: integer(
          'Most bytes of all rows together; beyond that the oldest are deleted. Eight channels take about 9 bytes a row.',
          10_000_000_000,
          1_000_000,
          1_000_000_000_000_000,
        ),
      }),
    }),
  },
  {
    ...closed,
    $id: 'forewarn.schema.json',
    title: 'Forewarn configuration',
    description: 'Forewarn configuration.',
  },
);

export type ConfigFile = Static<typeof ConfigFile>;
export type SecretReference = { file?: string; env?: string; credential?: string };

/** What the validator and the reference page read of a schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}
