import Type from 'typebox';
import { ChannelOptions } from './channel-schema.ts';
import { Retrain } from './retrain-schema.ts';
import {
  channelNames,
  choice,
  closed,
  duration,
  durationOrNone,
  flag,
  integer,
  number,
  section,
} from './schema-parts.ts';

/** Options of one asset class. */
export const AssetClass = Type.Object(
  {
    topic: Type.String({
      minLength: 1,
      maxLength: 512,
      description:
        'Topic template. `{name}` catches one level as a label and the labels together name the asset; with `{channel}` in it each topic carries one value.',
    }),
    qos: Type.Enum([0, 1, 2], { default: 1, description: 'Quality of service of the subscription.' }),
    channels: Type.Record(Type.String({ pattern: channelNames }), ChannelOptions, {
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
    online: flag(
      'Until the first model is trained, score with a simple model of each channel by itself, with low confidence: a sudden jump to where a channel has never been.',
      true,
    ),
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
      network: choice(
        'Kind of network: an LSTM, a GRU or a convolutional autoencoder, or an LSTM that forecasts the next row.',
        ['lstm_autoencoder', 'gru_autoencoder', 'conv_autoencoder', 'lstm_forecaster'],
        'lstm_autoencoder',
      ),
      hidden: integer('Units, or filters, of the encoder and of the decoder.', 64, 4, 1024),
      latent: integer(
        'Numbers that the encoder may keep of a window; few of them force it to learn how channels relate. A forecaster has none.',
        16,
        1,
        1024,
      ),
      student: integer(
        'Hidden units of the student, a small copy of each model for gateways that is kept beside it; 0 makes none. For `lstm_autoencoder` only.',
        0,
        0,
        1023,
      ),
    }),
    retrain: Retrain,
    score: section('From reconstruction error to score; 1.0 is the threshold.', {
      smoothing: number(
        'Weight of the newest residual in the running mean; 1 smooths nothing, smaller finds smaller lasting shifts later.',
        0.5,
        0.01,
        1,
      ),
      sources: section('What predicts the channels beside the network; each has its own part of the score.', {
        vector_autoregression: flag(
          'Each row from the row before: finds changes of how channels move, and of how they hang together, within few windows.',
          true,
        ),
        pca: flag('Each channel from the others, by principal components.', false),
        robust_z: flag('Each channel at its usual reading.', false),
      }),
      quantile: number(
        'The threshold starts from this quantile of the scores on normal windows, each part of the training time judged by what lay before it.',
        0.99,
        0.5,
        0.9999,
      ),
      margin: number(
        'The threshold lies this many times as far from the usual as that quantile, further with little data.',
        1.5,
        1,
        100,
      ),
      baseline: section(
        'How the usual error of an asset moves while the asset is normal, as with a season.',
        {
          time: durationOrNone(
            'Time in which it makes up for two thirds of a lasting difference; `null` leaves it where the training put it.',
          ),
          most: number(
            'How far it goes, in thresholds: what is further is alerted however slowly it came.',
            0.5,
            0.01,
            10,
          ),
        },
      ),
      alert_budget: Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 10_000 }), Type.Null()], {
        default: null,
        description:
          'At most so many false alerts per asset and week: the threshold is set for them at training, from weeks of normal rows. While there are too few, and with `null`, `quantile` and `margin` set it.',
      }),
    }),
    alert: section('From score to alert.', {
      raise: number('Score from which a window counts as anomalous.', 1, 0.01, 1000),
      clear: number('Score below which a firing alert counts as back to normal.', 0.7, 0.01, 1000),
      raise_on: section('The alert is raised when so many of the last scored windows were anomalous.', {
        windows: integer('How many must be anomalous.', 3, 1, 30),
        of: integer('Of how many; windows without a score do not count.', 5, 1, 30),
      }),
      for: duration('How long that must hold before the alert is raised.', '0s'),
      clear_after: integer('Normal windows in a row after which the alert is resolved.', 10, 1, 100_000),
      keep_firing_for: duration('How long it must have been normal as well before it is resolved.', '0s'),
      consequence: choice(
        'How bad it is when this fault is not answered; with the peak of the score it gives the priority of an alert.',
        ['low', 'medium', 'high', 'critical'],
        'medium',
      ),
      action: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 1000,
          description: 'What the operator should do; each alert says it.',
        }),
      ),
      silent_after: duration(
        'An asset that sends nothing for this long gets an alert of its own; `0s` never.',
        '5m',
      ),
    }),
  },
  { ...closed, description: 'Assets that share channels, sampling and a model.' },
);
