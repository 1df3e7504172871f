import { ForewarnError, messageOf } from '../../errors.ts';

export interface InfluxReaderOptions {
  /** Absolute, with the path that a proxy may put before InfluxDB's. */
  readonly url: string;
  readonly database: string;
  /** InfluxDB 1.x. */
  readonly username: string | null;
  readonly password: string | null;
  /** InfluxDB 2.x and 3.x. */
  readonly token: string | null;
}

/** One series of an answer: rows of cells in the order of `columns`, times in epoch ms. */
export interface InfluxSeries {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

/** Asks one InfluxDB in InfluxQL, which 2.x and 3.x speak through their 1.x interface as well. */
export interface InfluxReader {
  readonly options: InfluxReaderOptions;
  /**
   * All series of one statement, held in memory: who asks for rows asks with a LIMIT. Rejects with INFLUX_UNREACHABLE,
   * INFLUX_REFUSED (what it said, in the message), or TRAINING_ABORTED when `signal` fires.
   */
  query(statement: string): Promise<readonly InfluxSeries[]>;
}

/** To count a year of rows takes an old server its time. */
const timeoutMs = 300_000;

export function createInfluxReader(options: InfluxReaderOptions, signal: AbortSignal): InfluxReader {
  const { url, database, username, password, token } = options;
  const headers: Record<string, string> = {};
  if (token !== null) headers.Authorization = `Token ${token}`;
  else if (username !== null)
    headers.Authorization = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;

  return {
    options,
    async query(statement) {
      const parameters = new URLSearchParams({ db: database, epoch: 'ms', q: statement });
      let status: number;
      let text: string;
      try {
        const response = await fetch(`${url.replace(/\/+$/, '')}/query?${parameters}`, {
          headers,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        status = response.status;
        text = await response.text();
      } catch (error) {
        if (signal.aborted)
          throw new ForewarnError('TRAINING_ABORTED', 'Reading was stopped.', { retryable: true });
        throw new ForewarnError(
          'INFLUX_UNREACHABLE',
          `InfluxDB at ${url} does not answer: ${causeOf(error)}`,
          {
            retryable: true,
            hint: 'Look at the address, and whether it runs.',
            cause: error,
          },
        );
      }
      const answer = parsed(text);
      const said = answer?.error ?? answer?.message ?? answer?.results?.[0]?.error;
      if (said !== undefined || answer?.results === undefined) throw refused(options, status, said);
      return answer.results[0]?.series ?? [];
    },
  };
}

interface Answer {
  readonly error?: string;
  /** In 2.x and 3.x. */
  readonly message?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: readonly InfluxSeries[] }[];
}

function parsed(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}

/** `fetch` hides why behind "fetch failed". */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function refused({ url }: InfluxReaderOptions, status: number, said: string | undefined): ForewarnError {
  const unauthorised = status === 401 || status === 403;
  return new ForewarnError(
    'INFLUX_REFUSED',
    `InfluxDB at ${url} refuses: ${said ?? `HTTP ${status} that is no answer of InfluxDB`}`,
    {
      hint: unauthorised
        ? 'Give user name and password (1.x) or token (2.x, 3.x) in the section `influx`, or with --influx-url in INFLUX_USERNAME and INFLUX_PASSWORD or INFLUX_TOKEN; the user must be allowed to read.'
        : 'Look at the address, the database and the names in the options.',
    },
  );
}

/** An InfluxQL identifier. */
export function quotedName(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** An InfluxQL string; unlike the client library's it also keeps a backslash from escaping the end. */
export function quotedText(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
