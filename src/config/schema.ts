import Type, { type Static, type TSchema } from 'typebox';
import { durationPattern } from './duration.ts';

/*
 * The one schema: it is the type of the file, its validator, its defaults, the editor's JSON Schema
 * (config/forewarn.schema.json) and the reference page (docs/configuration.md). Every option has a description,
 * which is the sentence that users read.
 */

const closed = { additionalProperties: false };

function section<P extends Record<string, TSchema>>(description: string, properties: P) {
  return Type.Object(properties, { ...closed, description, default: {} });
}

function duration(description: string, value: string) {
  return Type.String({ pattern: durationPattern, default: value, description });
}

function choice<const V extends string>(description: string, values: readonly V[], value: V) {
  return Type.Enum([...values], { default: value, description });
}

function integer(description: string, value: number, minimum: number, maximum: number) {
  return Type.Integer({ default: value, minimum, maximum, description });
}

function number(description: string, value: number, minimum: number, maximum: number) {
  return Type.Number({ default: value, minimum, maximum, description });
}

/** Where a secret is read from; never the secret itself, so that the file can be shown to anybody. */
const Secret = (description: string) =>
  Type.Object(
    {
      file: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'A file that holds the secret; a final newline is dropped.',
        }),
      ),
      env: Type.Optional(
        Type.String({ minLength: 1, description: 'An environment variable that holds it.' }),
      ),
      credential: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'A systemd credential (LoadCredential=NAME:...) that holds it.',
        }),
      ),
    },
    { ...closed, description: `${description} Give one of \`file\`, \`env\`, \`credential\`.` },
  );

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

const ChannelOptions = Type.Object(
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
  },
  { ...closed, description: 'One channel; `{}` takes the defaults.', default: {} },
);

const names = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';

const AssetClass = Type.Object(
  {
    topic: Type.String({
      minLength: 1,
      maxLength: 512,
      description:
        'Topic template. `{name}` catches one level as a label and the labels together name the asset; with `{channel}` in it each topic carries one value.',
    }),
    qos: Type.Enum([0, 1, 2], { default: 1, description: 'Quality of service of the subscription.' }),
    channels: Type.Record(Type.String({ pattern: names }), ChannelOptions, {
      minProperties: 1,
      maxProperties: 512,
      additionalProperties: false,
      description: 'The sensors, by name, in the order in which they are shown.',
    }),
    time: section('The time stamp of a reading.', {
      path: Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Null()], {
        default: 'ts',
        description: 'Where it is in the JSON payload; `null` takes the time of arrival.',
      }),
      unit: choice(
        'What it looks like; `auto` tells ISO 8601, milliseconds and seconds apart.',
        ['auto', 'ms', 's', 'iso'],
        'auto',
      ),
      max_ahead: duration(
        'A stamp further ahead of the clock than this is refused (`future_timestamp`).',
        '10m',
      ),
    }),
    sample_every: duration('The grid: one row is made for every such step of time.', '1s'),
    aggregate: choice(
      'Several readings within one step: `first` takes the first and is quickest, `mean` averages them.',
      ['first', 'mean'],
      'first',
    ),
    window: section('What the model sees at once.', {
      length: integer('Rows in a window.', 32, 4, 1024),
      stride: integer('A window is scored after every such number of rows.', 1, 1, 1024),
      min_coverage: number(
        'Windows with a smaller share of measured values get verdict `unknown`, reason `low_coverage`.',
        0.7,
        0,
        1,
      ),
    }),
    train: section('How the model of this class is made.', {
      after: integer(
        'Rows of normal operation, over all assets of the class, after which it trains by itself.',
        4000,
        100,
        10_000_000,
      ),
      steps: integer(
        'Most steps of the optimiser; it stops early when the held-out loss no longer falls.',
        800,
        10,
        1_000_000,
      ),
      batch: integer('Windows in one step.', 128, 1, 4096),
      holdout: number(
        'Share of the rows, the latest of each asset, kept back for early stopping and for the threshold.',
        0.25,
        0.05,
        0.5,
      ),
      seed: integer('Same data and same seed give the same model.', 1, 0, 4_294_967_295),
      hidden: integer('Units of the encoder and of the decoder.', 64, 4, 1024),
      latent: integer(
        'Numbers that the encoder may keep of a window; few of them force it to learn how channels relate.',
        16,
        1,
        1024,
      ),
    }),
    score: section('From reconstruction error to score; 1.0 is the threshold.', {
      smoothing: number(
        'Weight of the newest residual in the running mean; 1 smooths nothing, smaller finds smaller lasting shifts later.',
        0.3,
        0.01,
        1,
      ),
      quantile: number(
        'Quantile of the scores on held-out normal windows that the threshold starts from.',
        0.99,
        0.5,
        0.9999,
      ),
      margin: number('The threshold is that quantile times this.', 1.5, 1, 100),
    }),
    alert: section('From score to alert.', {
      raise: number('Score from which a window counts as anomalous.', 1, 0.01, 1000),
      clear: number('Score below which a firing alert counts as back to normal.', 0.9, 0.01, 1000),
      for: duration('How long it must be anomalous before the alert is raised.', '5s'),
      keep_firing_for: duration('How long it must be normal before the alert is resolved.', '30s'),
      silent_after: duration(
        'An asset that sends nothing for this long gets an alert of its own; `0s` never.',
        '5m',
      ),
    }),
  },
  { ...closed, description: 'Assets that share channels, sampling and a model.' },
);

const Webhook = Type.Object(
  {
    name: Type.String({ pattern: names, description: 'Names the receiver in logs, metrics and the API.' }),
    url: Type.String({
      pattern: '^https?://.+',
      description: 'Gets a POST for every alert raised and resolved (JSON, Alertmanager webhook version 4).',
    }),
    timeout: duration('Give up on one attempt after this long; it is tried again.', '10s'),
    bearer: Type.Optional(Secret('Sent as `Authorization: Bearer`.')),
    secret: Type.Optional(Secret('Key of the HMAC-SHA256 signature of each request.')),
  },
  { ...closed, description: 'One receiver.' },
);

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
    limits: Limits,
    classes: Type.Record(Type.String({ pattern: names }), AssetClass, {
      minProperties: 1,
      additionalProperties: false,
      description: 'Asset classes by name.',
    }),
    webhooks: Type.Array(Webhook, { default: [], maxItems: 64, description: 'Receivers of alerts.' }),
    retention: section('How long things are kept.', {
      alerts: duration('Resolved alerts are deleted after this long, once delivered.', '400d'),
      models: integer('Model versions kept for each class, the one in use not counted.', 5, 0, 1000),
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
