#!/usr/bin/env node
// The only file that touches `process`: arguments, environment, signals, exit codes.
import { constants, setPriority } from 'node:os';
import { type Command, cac } from 'cac';
import { alerts } from './commands/alerts.ts';
import { check } from './commands/check.ts';
import type { CommandContext } from './commands/context.ts';
import { demo } from './commands/demo.ts';
import { evaluate } from './commands/evaluate.ts';
import { exportModel } from './commands/export.ts';
import { models } from './commands/models.ts';
import { preview } from './commands/preview.ts';
import { replay } from './commands/replay.ts';
import { run } from './commands/run.ts';
import { silences } from './commands/silences.ts';
import { simulate } from './commands/simulate.ts';
import { testSink } from './commands/test-sink.ts';
import { train } from './commands/train.ts';
import { tune } from './commands/tune.ts';
import { whyNot } from './commands/why-not.ts';
import { ForewarnError } from './errors.ts';
import { version } from './version.ts';

// ONNX Runtime would otherwise keep usage telemetry; nothing of a plant leaves it unasked.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/** EX_CONFIG of sysexits.h: systemd must not restart into the same mistake (deploy/systemd/forewarn.service). */
const exitConfig = 78;
/** A second signal while stopping means: now. */
const exitNow = 130;

function context(): CommandContext {
  const abort = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted) process.exit(exitNow);
      abort.abort();
    });
  }
  // Reserved for reloading the configuration; without this line it would end the daemon.
  process.on('SIGHUP', () => undefined);
  return {
    env: process.env,
    pid: process.pid,
    signal: abort.signal,
    interactive: process.stdout.isTTY === true,
    out: (line) => void process.stdout.write(`${line}\n`),
    write: (text) => void process.stdout.write(text),
  };
}

function fail(error: unknown): void {
  if (error instanceof ForewarnError) {
    process.stderr.write(`forewarn: ${error.message}\n`);
    if (error.hint) process.stderr.write(`${error.hint}\n`);
    process.exitCode = error.code.startsWith('CONFIG_') ? exitConfig : 1;
  } else {
    process.stderr.write(
      `forewarn: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}

/** Options of commands that read recorded rows. */
function fromRows(command: Command): Command {
  return command
    .option('--from <file>', 'CSV file with a column for each channel, gzipped if named .gz; or influx')
    .option(
      '--asset <id>',
      "Asset that the rows are of, such as north/line-1/pump-3; for influx with tags in braces, such as 'north/{line}/{machine}'",
    )
    .option('--labels <a,b>', 'Columns or fields of 0 and 1; rows with a 1 are left out', {
      default: 'anomaly,changepoint',
    })
    .option('--asset-column <column>', 'CSV: column with the id of the asset, for a file of several')
    .option('--separator <c>', 'CSV: column separator; found in the header when absent')
    .option('--time <column>', 'CSV: time stamp column; the first that reads as a time when absent')
    .option('--measurement <name>', 'influx: where the rows are; what `influx.rows` writes when absent')
    .option('--fields <a=b,...>', 'influx: CHANNEL=FIELD where a field has another name than the channel')
    .option('--channel-tag <tag>', 'influx: tag that names the channel, where each point has one value')
    .option('--value-field <field>', 'influx: the field with that value; `value` when absent')
    .option('--where <condition>', 'influx: which points, in InfluxQL, such as "type" = \'pump\'')
    .option('--since <time>', 'influx: from this time on, such as 2026-01-31T06:00:00Z or 30d')
    .option('--until <time>', 'influx: up to this time')
    .option('--influx-url <url>', 'influx: another server than that of the configuration')
    .option('--influx-database <name>', 'influx: another database')
    .option('--retention-policy <name>', "influx: another policy than the database's default");
}

const program = cac('forewarn');
const config = ['--config <file>', 'Configuration file', { default: 'config/forewarn.yaml' }] as const;

program
  .command('run', 'Watch: the daemon')
  .option(...config)
  .action((options) => run(options, context()));
program
  .command(
    'alerts [action] [id]',
    'Show the open alerts of a running daemon, or answer one: ack, comment, assign, shelve, unshelve, escalate, accept-level, judge ID; out-of-service, return-to-service',
  )
  .option(...config)
  .option('--url <url>', "The daemon's API; where the configuration says, when absent")
  .option('--by <name>', 'Who you are')
  .option('--comment <text>', 'Why; it stays in the history')
  .option('--for <duration>', 'How long to shelve, such as 30m, 8h or 7d')
  .option('--to <name>', 'Whom to assign to')
  .option('--as <outcome>', 'judge: what was found, fault or false_alarm; unknown takes it back')
  .option('--step <name>', 'escalate: the step to take; the next one when absent')
  .option('--asset <id>', 'Alerts of this asset, or the asset to take out of service')
  .option('--class <name>', 'The same for a class')
  .option('--json', 'Print JSON')
  .action((action: string | undefined, id: string | undefined, options) =>
    alerts(action, id, options, context()),
  );
program
  .command('test-sink <name>', 'Send a test alert and its end to one webhook, to mqtt or to email')
  .option(...config)
  .action((name: string, options) => testSink(name, options, context()));
program
  .command(
    'silences [action] [...words]',
    'Show the silences of a running daemon, or: add MATCHER..., such as site=north class=~pump.*; expire ID',
  )
  .option(...config)
  .option('--url <url>', "The daemon's API; where the configuration says, when absent")
  .option('--by <name>', 'Who you are')
  .option('--comment <text>', 'Why; it stays in the history')
  .option('--for <duration>', 'How long, such as 30m, 8h or 7d')
  .option('--all', 'Show those that are over as well')
  .option('--json', 'Print JSON')
  .action((action: string | undefined, words: string[], options) =>
    silences(action, words.map(String), options, context()),
  );
program
  .command(
    'models [action] [version]',
    'Show the model versions of a running daemon, or act on one: promote, restore, pin, unpin VERSION; retrain CLASS',
  )
  .option(...config)
  .option('--url <url>', "The daemon's API; where the configuration says, when absent")
  .option('--by <name>', 'Who you are')
  .option('--comment <text>', 'Why; it stays in the history')
  .option('--with-alerted', 'retrain: learn from rows of alerts as well, as the new normal')
  .option('--json', 'Print JSON')
  .action((word: string | undefined, subject: string | undefined, options) =>
    models(word, subject, options, context()),
  );
program
  .command(
    'why-not <asset>',
    'Explain why a running daemon does not alert for an asset, such as north/line-1/pump-3',
  )
  .option(...config)
  .option('--url <url>', "The daemon's API; where the configuration says, when absent")
  .option('--json', 'Print JSON')
  .action((asset: string, options) => whyNot(String(asset), options, context()));
program
  .command('check <file>', 'Check a configuration without touching the network')
  .action((file: string) => check(file, context()));
program
  .command('demo', 'Watch Forewarn learn a small simulated plant and catch its faults')
  .option(
    '--once',
    'End after the story, with one line of JSON last and exit code 0 if every fault was caught and nothing else fired',
  )
  .option('--seed <n>', 'Another plant', { default: 1 })
  .action(async (options) => {
    process.exitCode = await demo(options, context());
  });
program
  .command('simulate', 'Publish a simulated plant to a broker')
  .option('--url <url>', 'Broker', { default: 'mqtt://127.0.0.1:1883' })
  .option('--pumps <n>', 'Pumps', { default: 8 })
  .option('--speed <n>', 'Simulated seconds a second', { default: 1 })
  .option('--seed <n>', 'Another plant', { default: 1 })
  .option('--fault <kind@pump>', 'Inject a fault after --fault-after, such as leak@3')
  .option('--fault-after <s>', 'Simulated seconds before the fault', { default: 600 })
  .action((options) => simulate(options, context()));
program
  .command(
    'replay <file>',
    'Publish a recorded CSV through a real broker into a running line and report the alerts',
  )
  .option('--class <name>', 'Name of the asset class', { default: 'recording' })
  .option(
    '--config <file>',
    'Take the class and its settings from this configuration instead of the defaults',
  )
  .option('--train-rows <n>', 'Rows from the start that count as normal and are trained on', { default: 400 })
  .option('--speed <n>', 'Rows a second, or max', { default: 'max' })
  .option('--broker <url>', 'Broker to go through; the embedded one when absent')
  .option('--separator <c>', 'Column separator; found in the header when absent')
  .option('--time <column>', 'Time stamp column; the first that reads as a time when absent')
  .option('--channels <a,b>', 'Columns to watch; all numeric ones when absent')
  .option('--labels <a,b>', 'Label columns (0 or 1), used for the report alone', {
    default: 'anomaly,changepoint',
  })
  .option('--json', 'Print one line of JSON last')
  .action(async (file: string, options) => {
    process.exitCode = await replay(file, options, context());
  });
program
  .command(
    'evaluate <protocol>',
    'Measure on labelled data, beside simple detectors: skab, nab, tep, smd, batadal or csv',
  )
  .option('--data <dir>', 'Folder of the data set, or the one that it is in; a file or a folder for csv')
  .option('--seeds <n>', 'Train with seeds 1 to n and give means and spreads', { default: 3 })
  .option('--config <file>', 'Take the settings of the class from this configuration instead of the defaults')
  .option('--html <file>', 'Write the report as a page as well')
  .option(
    '--sources',
    'Add a row for what each source of residuals would do by itself, and for a dynamic threshold on the scores',
  )
  .option('--json', 'Print one line of JSON last')
  .option('--train-rows <n>', 'csv: rows from the start that are normal and trained on', { default: 400 })
  .option('--labels <a,b>', 'csv: columns of 0 and 1 that the model may not see; the first is the truth', {
    default: 'anomaly,changepoint',
  })
  .option('--separator <c>', 'csv: column separator; found in the header when absent')
  .option('--time <column>', 'csv: time stamp column; the first that reads as a time when absent')
  .option('--channels <a,b>', 'csv: columns to watch; all numeric ones when absent')
  .action(async (protocol: string, options) => {
    process.exitCode = await evaluate(protocol, options, context());
  });
fromRows(
  program
    .command(
      'train <class>',
      'Train a class on recorded rows, of a CSV or an InfluxDB, and put the model into the state directory',
    )
    .option(...config),
).action((className: string, options) => train(className, options, context()));
fromRows(
  program
    .command(
      'tune <class>',
      'Look for better settings of a class on recorded rows of normal operation, without labels',
    )
    .option(...config)
    .option('--minutes <n>', 'How long to search, beyond one training with the settings that the class has', {
      default: 30,
    })
    .option('--trials <n>', 'Most settings to try, those known from before included', { default: 200 })
    .option('--seed <n>', 'Another order of trying', { default: 1 }),
).action((className: string, options) => tune(className, options, context()));
program
  .command(
    'preview <class>',
    'Say which alerts other settings would have raised in the last days, from the rows that are kept',
  )
  .option(...config)
  .option(
    '--set <path=value>',
    'A setting of the class, such as alert.raise=1.3 or channels.pressure.limits.h=8.5; once or several times',
  )
  .option('--days <n>', 'How far to look back', { default: 7 })
  .option('--json', 'Print one line of JSON')
  .action((className: string, options) => {
    // A daemon on this machine goes first.
    setPriority(constants.priority.PRIORITY_LOW);
    return preview(className, options, context());
  });
program
  .command(
    'export <model>',
    'Write a model as one .onnx file for any ONNX Runtime, with its card as JSON beside it',
  )
  .option(
    '--config <file>',
    'Configuration whose state directory has the model (default: config/forewarn.yaml)',
  )
  .option('--out <file>', 'The .onnx file to write; named for the model, here, when absent')
  .action((model: string, options) => exportModel(model, options, context()));
program.help();
program.version(version);

try {
  program.parse(process.argv, { run: false });
  if (program.matchedCommand) await program.runMatchedCommand();
  else if (program.args.length > 0) {
    process.stderr.write(`forewarn: there is no command ${program.args[0]}; see forewarn --help\n`);
    process.exitCode = 2;
  } else if (!program.options.help && !program.options.version) program.outputHelp();
} catch (error) {
  fail(error);
}
