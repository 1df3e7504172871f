import { describe, expect, it } from 'vitest';
import { alertNamed, assetNamed, until, verdictOf } from '../support/fixtures.ts';
import { outputFor, start } from './output.ts';
import { startWriteServer, type WriteServer } from './write-server.ts';

/*
 * Stand-ins for InfluxDB 2.x and 3.x behind their 1.x interface, after their documentation:
 * https://docs.influxdata.com/influxdb/v2/api/v1-compatibility/ and
 * https://docs.influxdata.com/influxdb3/core/write-data/compatibility-apis/. They differ in how they refuse.
 */
interface Flavour {
  readonly name: string;
  /** A statement of 1.x, such as CREATE DATABASE. */
  readonly statement: { readonly status: number; readonly body: string };
  readonly unauthorized: string;
  readonly tooLarge: string;
  /** One point of the batch is not taken, and all others are. */
  readonly partial: { readonly status: number; readonly body: string };
  readonly away: string;
}

const json = (said: object) => JSON.stringify(said);
const flavours: readonly Flavour[] = [
  {
    name: '2.x',
    statement: {
      status: 200,
      body: json({ results: [{ statement_id: 0, error: 'not implemented: CREATE' }] }),
    },
    unauthorized: json({ code: 'unauthorized', message: 'unauthorized access' }),
    tooLarge: json({ code: 'request too large', message: 'cannot read data: points in batch is too large' }),
    partial: {
      status: 422,
      body: json({
        code: 'unprocessable entity',
        message:
          'failure writing points to database: partial write: points beyond retention policy dropped=1',
      }),
    },
    away: json({ code: 'unavailable', message: 'service unavailable' }),
  },
  {
    name: '3.x',
    statement: { status: 400, body: json({ error: 'unsupported statement: CREATE DATABASE' }) },
    unauthorized: json({ error: 'the request was not authenticated' }),
    tooLarge: '',
    partial: {
      status: 400,
      body: json({
        error: 'partial write of line protocol occurred',
        data: [{ original_line: 'x', line_number: 1, error_message: 'No fields were provided' }],
      }),
    },
    away: '',
  },
];

/** Takes writes of whoever has the token, in the form of 1.x, and everything else as a server of 2.x or 3.x does. */
async function startFlavoured(flavour: Flavour) {
  const server = await startWriteServer();
  server.answerQuery = () => flavour.statement;
  let next: (lines: number) => ReturnType<WriteServer['answer']> | null = () => null;
  server.answer = ({ path, query, headers, body }) => {
    if (headers.authorization !== 'Token se-cret') return { status: 401, body: flavour.unauthorized };
    if (path !== '/write' || query.db !== 'forewarn' || query.precision !== 'ms') return { status: 404 };
    return next(body.split('\n').length - 1) ?? { status: 204 };
  };
  return {
    server,
    /** What the next writes get; null takes them. */
    answers: (given: typeof next) => {
      next = given;
    },
  };
}

const asset = assetNamed('pump-1');
const firing = { idempotencyKey: 'k', transition: 'firing', alert: alertNamed('01J') } as const;
const never = new AbortController().signal;

function feed({ output }: ReturnType<typeof outputFor>, from: number, to: number): void {
  for (let i = from; i < to; i++) output.onVerdict(verdictOf(asset, start + i, i));
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.each(flavours)('a server that behaves like InfluxDB $name', (flavour) => {
  it('takes points by its token, and keeps those without it waiting', async () => {
    const { server } = await startFlavoured(flavour);
    const stranger = outputFor(server.url, { token: 'guess' });
    stranger.output.start();
    feed(stranger, 0, 3);
    await until('it is refused', () => stranger.output.status().lastError !== null);
    expect(stranger.output.status()).toMatchObject({ waiting: 3, dropped: { refused: 0 } });
    expect(stranger.output.status().lastError).toMatch(
      /^HTTP 401: .*(unauthorized access|not authenticated)/,
    );
    const made = outputFor(server.url, { token: 'se-cret' });
    expect(await made.output.sink.deliver(firing, never)).toEqual({ ok: true });
    made.output.start();
    feed(made, 0, 3);
    await until('all are written', () => made.output.status().written === 3);
    expect(server.scores()).toEqual([0, 1, 2]);
  });

  it.each([429, 503])('is left alone for as long as it asks with a %i, and loses nothing', async (status) => {
    const { server, answers } = await startFlavoured(flavour);
    answers(() => ({ status, body: flavour.away, headers: { 'Retry-After': '30' } }));
    const made = outputFor(server.url, { token: 'se-cret' });
    expect(await made.output.sink.deliver(firing, never)).toMatchObject({
      ok: false,
      retryable: true,
      reason: expect.stringMatching(new RegExp(`^HTTP ${status}`)),
      retryAfterMs: 30_000,
    });
    made.output.start();
    feed(made, 0, 5);
    await until('it waits', () => made.output.status().nextAttemptAt !== null);
    expect(made.output.status()).toMatchObject({
      nextAttemptAt: start + 30_000,
      waiting: 5,
      dropped: { refused: 0, overflow: 0 },
    });
  });

  it('gets a batch in parts when the whole is too large', async () => {
    const { server, answers } = await startFlavoured(flavour);
    answers((lines) => (lines > 30 ? { status: 413, body: flavour.tooLarge } : null));
    const made = outputFor(server.url, { token: 'se-cret' });
    made.output.start();
    feed(made, 0, 100);
    await until('all are written', () => made.output.status().written === 100);
    expect(server.scores()).toEqual(upTo(100));
    expect(made.output.status().dropped.refused).toBe(0);
  });

  it('drops only what it will never take', async () => {
    const { server, answers } = await startFlavoured(flavour);
    let first = true;
    answers(() => {
      const given = first ? flavour.partial : null;
      first = false;
      return given;
    });
    const made = outputFor(server.url, { token: 'se-cret' });
    made.output.start();
    feed(made, 0, 10);
    await until('the batch is done with', () => made.output.status().waiting === 0);
    expect(made.output.status()).toMatchObject({ written: 9, dropped: { refused: 1 }, lastError: null });
    expect(made.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('gets what waited, in order, when it is well again', async () => {
    const { server, answers } = await startFlavoured(flavour);
    answers(() => ({ status: 503, body: flavour.away }));
    const made = outputFor(server.url, { token: 'se-cret' });
    made.output.start();
    feed(made, 0, 40);
    await until('it is away', () => made.output.status().lastError !== null);
    answers(() => null);
    feed(made, 40, 60);
    await until('all are written', () => made.output.status().written === 60);
    expect(server.scores()).toEqual(upTo(60));
  });
});
