import Type, { type Static } from 'typebox';
import { Retraining } from './model-schemas.ts';
import { Count, closed, Nullable, Time } from './schemas.ts';

const Counts = (description: string) =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description });

const Mqtt = Type.Object(
  {
    url: Type.String({ description: 'The broker, without credentials.' }),
    embedded: Type.Boolean(),
    state: Type.Enum(['connecting', 'connected', 'reconnecting', 'stopped']),
    sinceAt: Time('When it came into this state.'),
    reconnects: Count('Connections after the first.'),
    lastError: Nullable(Type.String(), 'What the last failure was; null once it mended.'),
    subscriptions: Type.Array(
      Type.Object(
        {
          topic: Type.String({ description: 'Topic filter.' }),
          qos: Type.Integer({ description: 'Asked for.' }),
          granted: Nullable(
            Type.Integer(),
            'QoS that the broker gave; null while it has not answered, or refused.',
          ),
          error: Nullable(Type.String(), 'Why the broker refused it.'),
        },
        closed,
      ),
      { description: 'What is listened to; nothing arrives before it is granted.' },
    ),
  },
  { ...closed, description: 'The connection to the broker.' },
);

const Refusal = Type.Object(
  {
    at: Time('Time of arrival.'),
    topic: Type.String(),
    reason: Type.String(),
    detail: Type.String(),
    payload: Type.String({ description: 'Its beginning, as text.' }),
  },
  { ...closed, description: 'A message that was not used.' },
);

const Ingest = Type.Object(
  {
    messages: Count('Messages received.'),
    accepted: Count('Messages of which at least one reading was used.'),
    readings: Count('Readings handed to the grid.'),
    refused: Counts('Messages refused, by reason; reasons without any may be missing.'),
    refusedParts: Counts('Single readings refused, by reason, whatever became of their message.'),
    rows: Count('Rows made, gap rows included.'),
    gapRows: Count('Rows of steps in which nothing was read.'),
    windows: Count('Windows cut.'),
    late: Count('Readings too late for their row.'),
    repeated: Count('Readings of a channel that its row already had.'),
    clockResets: Count('Assets whose clock was set back.'),
    lastRefusals: Type.Array(Refusal, { description: 'Newest first.' }),
  },
  { ...closed, description: 'From message to window; counted since the start.' },
);

const EngineStatus = Type.Object(
  {
    wanted: Type.Enum(['auto', 'onnx', 'tensorflow'], { description: 'What the configuration says.' }),
    kind: Type.Enum(['onnx', 'tensorflow'], { description: 'What computes.' }),
    device: Nullable(Type.Enum(['gpu', 'cpu']), 'What TensorFlow runs on; null while it does not compute.'),
    fallback: Nullable(Type.String(), 'Why TensorFlow was wanted but does not compute.'),
  },
  { ...closed, description: 'The engine of the models.' },
);

const Scoring = Type.Object(
  {
    engine: EngineStatus,
    waiting: Count('Windows that wait.'),
    scored: Count('Windows with a score.'),
    overloaded: Count('Windows without one because scoring could not keep up.'),
    failed: Count('Windows without one because the engine failed.'),
    tolerated: Counts('Normal windows whose score says otherwise, by why their deviation does not matter.'),
    verdicts: Counts('Windows by what they came to: normal, anomalous, or the reason why unknown.'),
  },
  { ...closed, description: 'From window to verdict; counted since the start.' },
);

const Training = Type.Object(
  {
    step: Count('Steps of the optimiser done.'),
    steps: Count('Most steps that it may do; it can stop early.'),
    fitLoss: Nullable(Type.Number(), 'Mean squared error in scaled units on the rows it learns from.'),
    heldOutLoss: Nullable(Type.Number(), 'The same on rows that it does not learn from.'),
  },
  { ...closed, description: 'The run in progress.' },
);

const ClassStatus = Type.Object(
  {
    name: Type.String(),
    state: Type.Enum(['collecting', 'training', 'ready'], {
      description: '`collecting` rows for the first model; `training` it; `ready`: a model is in use.',
    }),
    progress: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Of collecting and training together; 1 when ready.',
    }),
    rows: Count('Rows collected, over all assets of the class.'),
    rowsNeeded: Count('Rows after which it trains.'),
    etaMs: Nullable(
      Type.Number({ minimum: 0 }),
      'Until a model is in use, at the rate that rows come, or steps are done; null when there is no rate yet, 0 when ready.',
    ),
    training: Nullable(Training),
    model: Nullable(Type.String(), 'Version in use.'),
    online: Nullable(
      Type.Object(
        {
          scoring: Count('Assets that it scores, with low confidence.'),
          warmingUp: Count('Assets that have too few rows for it yet.'),
          rowsNeeded: Count('Rows of an asset before it is scored.'),
        },
        closed,
      ),
      'The online model, which stands in until the first training; null when there is a model, or it is switched off.',
    ),
    lastFailure: Nullable(Type.String(), 'Why the last training failed; null when it did not.'),
    budgetShortfall: Nullable(
      Type.String(),
      'What the model in use lacks to keep `score.alert_budget`; null when it is kept, or not asked for.',
    ),
    trained: Count('Trainings since the start that gave a model.'),
    failed: Count('Trainings since the start that failed.'),
    assets: Count('Assets of the class.'),
    retraining: Retraining,
  },
  { ...closed, description: 'One asset class.' },
);

const SinkStatus = Type.Object(
  {
    name: Type.String(),
    queued: Count('Notifications that wait, the one in hand included.'),
    delivered: Count('Delivered since the start.'),
    failed: Count('Failed attempts since the start.'),
    dead: Count('Refused for good and kept.'),
    lastError: Nullable(Type.String(), 'What the last attempt said; null when it went well.'),
    nextAttemptAt: Nullable(Time('When it is tried again, while it fails.')),
  },
  { ...closed, description: 'One receiver of alerts.' },
);

const InfluxStatus = Type.Object(
  {
    url: Type.String(),
    database: Type.String(),
    written: Count('Points that it took since the start.'),
    waiting: Count('Points that wait for it, in memory and on disk.'),
    spoolBytes: Count('What waits on disk.'),
    dropped: Counts(
      'Points lost since the start: `overflow` of the spool, `unreadable` on disk, `refused` by InfluxDB.',
    ),
    lastError: Nullable(Type.String(), 'What the last attempt said; null when it went well.'),
    nextAttemptAt: Nullable(Time('When it is tried again, while it fails.')),
  },
  { ...closed, description: 'Scores and other points for InfluxDB; its alerts are a sink.' },
);

const HistoryStatus = Type.Object(
  {
    bytes: Count('On disk.'),
    rows: Count('Rows that can be read.'),
    segments: Count('Files that they are in.'),
    damaged: Count('Files that were damaged and set aside.'),
    dropped: Count('Rows not kept since the start: the disk could not take them, or their time was none.'),
    lastError: Nullable(Type.String(), 'Why rows cannot be written now; null while they can.'),
    classes: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          rows: Count('Rows of the class.'),
          segments: Count('Files of the class.'),
          fromAt: Time('Time of the earliest row.'),
          toAt: Time('Time of the latest row.'),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'Rows kept to train on.' },
);

export const StatusBody = Type.Object(
  {
    version: Type.String(),
    startedAt: Time('Start of the daemon.'),
    uptimeMs: Count('Time since then.'),
    mqtt: Mqtt,
    ingest: Ingest,
    scoring: Scoring,
    classes: Type.Array(ClassStatus),
    assets: Type.Object({ total: Count('Assets known.'), states: Counts('Assets by state.') }, closed),
    alerts: Type.Object(
      {
        pending: Count('Assets that may soon have an alert.'),
        firing: Count('Alerts that fire.'),
        raised: Count('Alerts raised since the start.'),
        resolved: Count('Alerts resolved since the start.'),
        muted: Counts('Alerts that fire and are told to nobody, by what mutes them.'),
        uncommitted: Count('Changes that wait to be written.'),
        ignored: Count('Verdicts ignored since the start because nothing could be written.'),
        journalError: Nullable(Type.String(), 'Why alerts cannot be written now.'),
      },
      closed,
    ),
    sinks: Type.Array(SinkStatus),
    history: HistoryStatus,
    influx: Nullable(InfluxStatus, 'Null when none is configured.'),
  },
  { ...closed, description: 'How Forewarn itself is.' },
);

export type StatusBody = Static<typeof StatusBody>;
