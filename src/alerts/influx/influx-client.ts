import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { escape as escaped } from 'influx';
import { messageOf } from '../../errors.ts';
import { type Answer, reasonOf, resultOf, type WriteResult } from './write-result.ts';

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

/** As much of an answer as names every line of a batch that was refused. */
const LONGEST_ANSWER = 1024 * 1024;

export function createInfluxClient(options: InfluxClientOptions): InfluxClient {
  const { database, username, password, token, retentionPolicy, timeoutMs } = options;
  const secure = options.url.startsWith('https:');
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const base = options.url.replace(/\/+$/, '');
  const auth = username === null ? {} : { auth: `${username}:${password ?? ''}` };
  const authorization = token === null ? {} : { Authorization: `Token ${token}` };
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

  /** The whole answer, whatever its status: the client of the package `influx` keeps neither status nor wishes of a 5xx. */
  const post = (
    path: string,
    query: Record<string, string>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<Answer> =>
    within(
      signal,
      (either) =>
        new Promise((resolve, reject) => {
          const send = secure ? httpsRequest : httpRequest;
          const headers = { ...authorization, 'Content-Length': body.length };
          const request = send(`${base}${path}?${new URLSearchParams(query)}`, {
            ...{ method: 'POST', agent, headers, signal: either },
            ...auth,
          });
          request.on('error', reject);
          request.once('response', (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (part: string) => {
              if (text.length < LONGEST_ANSWER) text += part;
            });
            response.on('error', reject);
            response.once('end', () => {
              const { statusCode = 0, headers } = response;
              resolve({ status: statusCode, body: text, retryAfter: headers['retry-after'] });
            });
          });
          request.end(body);
        }),
    );

  /** Runs a statement; gives why InfluxDB refused it, or null. Rejects when InfluxDB is away. */
  const command = async (statement: string, signal: AbortSignal): Promise<string | null> => {
    const answer = await post('/query', { q: statement }, Buffer.alloc(0), signal);
    // A 5xx too: what to think of it is for the write to tell.
    if (answer.status >= 300) return reasonOf(answer);
    try {
      const { results } = JSON.parse(answer.body) as { results?: readonly { error?: string }[] };
      return results?.find(({ error }) => error !== undefined)?.error ?? null;
    } catch (error) {
      return messageOf(error);
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
        const answer = await post('/write', query, lines, signal);
        if (answer.status >= 200 && answer.status < 300) return { kind: 'written' };
        const result = resultOf(answer);
        if (result.kind !== 'away') return result;
        // The server may come back without its data.
        prepared = false;
        if (refusals.length === 0) return result;
        return { ...result, reason: `${result.reason} (${refusals.join('; ')})` };
      } catch (error) {
        prepared = false;
        return { kind: 'away', reason: networkReason(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

function networkReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return messageOf(error);
}
