// `npm run bench -- NAME [OPTIONS]`: each benchmark is a module of this folder that exports its usage and `run`.
const benchmarks = {
  engine: './engine.mjs',
  training: './training.mjs',
  line: './line.mjs',
  journal: './journal.mjs',
  influx: './influx.mjs',
  budget: './alert-budget.mjs',
  history: './history.mjs',
  choice: './choice.mjs',
  parity: './parity.mjs',
  drift: './drift.mjs',
  'drill-kill': './drill-kill.mjs',
  'drill-outage': './drill-outage.mjs',
  'drill-disk': './drill-disk.mjs',
  'drill-storm': './drill-storm.mjs',
  'warm-start': './warm-start.mjs',
  retraining: './retraining.mjs',
  online: './online.mjs',
  restart: './restart.mjs',
};

const [name, ...args] = process.argv.slice(2);
const names = Object.keys(benchmarks).join(' or ');
if (!Object.hasOwn(benchmarks, name ?? '')) {
  console.error(`bench: say which: npm run bench -- ${names}, each with --help`);
  process.exit(2);
}
const { run, usage } = await import(benchmarks[name]);
if (args.includes('--help')) console.log(usage);
else {
  try {
    await run(args);
  } catch (error) {
    // An unknown option is the reader's mistake, for which a stack says nothing.
    const mistake = String(error?.code).startsWith('ERR_PARSE_ARGS') || error instanceof RangeError;
    console.error(mistake ? `bench: ${error.message}\n${usage}` : error);
    process.exitCode = mistake ? 2 : 1;
  }
}
