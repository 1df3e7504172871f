import { type Exit, startCommand } from './process.ts';
import { until } from './until.ts';

export interface LogLine {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A running `forewarn run`. */
export interface RunningDaemon {
  readonly pid: number;
  readonly apiUrl: string;
  readonly brokerUrl: string;
  log(): LogLine[];
  get<T>(path: string): Promise<{ status: number; body: T }>;
  running(): boolean;
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** Starts `forewarn run` with `log.format: json` and resolves when it serves; where, it says in its log. */
export async function startDaemon(configFile: string): Promise<RunningDaemon> {
  const command = startCommand(['run', '--config', configFile]);
  const log = () => command.lines().map((line) => JSON.parse(line) as LogLine);
  const watching = await until(
    'the daemon watches',
    () => {
      if (!command.running()) return { api: '', broker: '' };
      return log().find(({ msg }) => msg === 'forewarn is watching') as
        | { api: string; broker: string }
        | undefined;
    },
    { explain: command.output },
  );
  if (watching.api === '') throw new Error(`the daemon ended at its start\n${command.output()}`);
  return {
    pid: command.pid,
    apiUrl: watching.api,
    brokerUrl: watching.broker,
    log,
    running: command.running,
    async get(path) {
      const response = await fetch(`${watching.api}${path}`);
      return { status: response.status, body: (await response.json()) as never };
    },
    kill(signal) {
      command.kill(signal);
      return command.ended;
    },
  };
}
