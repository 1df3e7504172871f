import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { escape as escaped } from 'influx';
import { Pool, RequestError, ServiceNotAvailableError } from 'influx/lib/src/pool.js';
import { messageOf } from '../../errors.ts';
import { resultOf, type WriteResult } from './write-result.ts';

export interface InfluxClientOptions {
  /** Absolute, `http:` or `https:`, with the path that a proxy may put before InfluxDB's. */
  readonly url: string;
  readonly database: string;
  /** InfluxDB 1.x. */
  readonly username: string | null;
  readonly password: string | null;
  /** InfluxDB 2.x and 3.x, sent as `Authorization: Token`. */
  readonly token: string | null;
  readonly retentionPolicy: {
    readonly name: string /** 0 is for ever. */;
    readonly durationMs: number;
  } | null;
  /** For one request as a whole. */
  readonly timeoutMs: number;
}

/** A connection to one database. It neither queues nor tries again: whoever calls `write` decides what is next. */
export interface InfluxClient {
  /** Writes lines with time stamps in milliseconds; never rejects, and settles soon after `signal` aborts. */
  write(lines: Buffer, signal: AbortSignal): Promise<WriteResult>;
  /** Closes idle connections. */
  close(): void;
}

// Retries are the caller's; the pool is to treat its one host as available at all times.
const noBackoff = { getDelay: () => 0, next: () => noBackoff, reset: () => noBackoff };

export function createInfluxClient(options: InfluxClientOptions): InfluxClient {
  const { database, username, password, token, retentionPolicy, timeoutMs } = options;
  const agent = options.url.startsWith('https:')
    ? new HttpsAgent({ keepAlive: true })
    : new HttpAgent({ keepAlive: true });
  const pool = new Pool({ maxRetries: 0, requestTimeout: 2 * timeoutMs, backoff: noBackoff });
  const headers = token === null ? {} : { Authorization: `Token ${token}` };
  pool.addHost(options.url.replace(/\/+$/, ''), { headers, agent });
  const auth = username === null ? {} : { auth: `${username}:${password ?? ''}` };
  /** Whether database and policy are there, as far as we could see to it. */
  let prepared = false;
  let refusals: readonly string[] = [];

  /** Resolves or rejects within the time limit, also when the other side stops in the middle of its answer. */
  const within = async <T>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, limit]);
    let fail = (): void => undefined;
    const ended = new Promise<never>((_, reject) => {
      fail = () =>
        reject(new Error(limit.aborted ? `no answer within ${timeoutMs} ms` : 'the request was aborted'));
      if (either.aborted) fail();
      else either.addEventListener('abort', fail, { once: true });
    });
    try {
      return await Promise.race([ended, request(either)]);
    } finally {
      either.removeEventListener('abort', fail);
    }
  };

  /** Runs a statement; gives why InfluxDB refused it, or null. Rejects when InfluxDB is away. */
  const command = async (statement: string, signal: AbortSignal): Promise<string | null> => {
    try {
      const answer: unknown = await within(signal, (either) =>
        pool.json({ method: 'POST', path: '/query', query: { q: statement }, ...auth, signal: either }),
      );
      const { results } = answer as { results?: readonly { error?: string }[] };
      return results?.find(({ error }) => error !== undefined)?.error ?? null;
    } catch (error) {
      if (error instanceof RequestError) return reasonOf(error);
      // An answer that is no JSON, or a 5xx: what to think of it is for the write to tell.
      if (error instanceof SyntaxError || error instanceof ServiceNotAvailableError) return messageOf(error);
      throw error;
    }
  };

  /**
   * Creates what is not there. A refusal is no failure: 2.x and 3.x have no such statements, and in 1.x only an
   * administrator may; what counts is whether points can be written.
   */
  const prepare = async (signal: AbortSignal): Promise<void> => {
    const statements = [`CREATE DATABASE ${escaped.quoted(database)}`];
    if (retentionPolicy !== null) {
      const { name, durationMs } = retentionPolicy;
      const duration = durationMs === 0 ? 'INF' : `${Math.round(durationMs / 1000)}s`;
      const policy = `${escaped.quoted(name)} ON ${escaped.quoted(database)}`;
      statements.push(`CREATE RETENTION POLICY ${policy} DURATION ${duration} REPLICATION 1`);
    }
    const refused: string[] = [];
    for (const statement of statements) {
      const reason = await command(statement, signal);
      // A policy of that name and another duration is the operator's will.
      if (reason !== null && !reason.includes('already exists')) refused.push(`${statement}: ${reason}`);
    }
    refusals = refused;
    prepared = true;
  };

  return {
    async write(lines, signal) {
      try {
        if (!prepared) await prepare(signal);
        const query = {
          db: database,
          precision: 'ms',
          ...(retentionPolicy === null ? {} : { rp: retentionPolicy.name }),
        };
        // The pool takes bytes as well, although its type does not say so.
        const body = lines as Buffer & string;
        await within(signal, (either) =>
          pool.discard({ method: 'POST', path: '/write', query, body, ...auth, signal: either }),
        );
        return { kind: 'written' };
      } catch (error) {
        const result = failureOf(error);
        if (result.kind !== 'away') return result;
        // The server may come back without its data.
        prepared = false;
        const answered = error instanceof RequestError || error instanceof ServiceNotAvailableError;
        if (!answered || refusals.length === 0) return result;
        return { ...result, reason: `${result.reason} (${refusals.join('; ')})` };
      }
    },
    close: () => agent.destroy(),
  };
}

function failureOf(error: unknown): WriteResult {
  if (!(error instanceof RequestError)) return { kind: 'away', reason: networkReason(error) };
  return resultOf({
    status: error.res.statusCode ?? 0,
    body: bodyOf(error),
    retryAfter: error.res.headers['retry-after'],
  });
}

function reasonOf(error: RequestError): string {
  const result = resultOf({ status: error.res.statusCode ?? 0, body: bodyOf(error) });
  return result.kind === 'written' ? '' : result.reason;
}

/** The pool hands the body over at the end of its message. */
function bodyOf({ message }: RequestError): string {
  return message.slice(message.indexOf('error occurred: ') + 'error occurred: '.length);
}

function networkReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return messageOf(error);
}
