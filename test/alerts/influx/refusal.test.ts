import { describe, expect, it } from 'vitest';
import { createInfluxClient } from '../../../src/alerts/influx/influx-client.ts';
import { resultOf } from '../../../src/alerts/influx/write-result.ts';
import { alertNamed, assetNamed, until, verdictOf } from '../support/fixtures.ts';
import { influxd, startInfluxd } from './influxd.ts';
import { outputFor, start } from './output.ts';
import { startWriteServer } from './write-server.ts';

const never = new AbortController().signal;
const assets = [assetNamed('pump-1', 0), assetNamed('pump-2', 1)];
const firing = {
  idempotencyKey: '01J:firing:influx',
  transition: 'firing',
  alert: alertNamed('01J'),
} as const;

function feed(influx: ReturnType<typeof outputFor>['output'], from: number, to: number): void {
  for (let i = from; i < to; i++) influx.onVerdict(verdictOf(assets[i % 2], start + i, i));
}

if (influxd === null) {
  console.warn('SKIPPED: refusals of a real InfluxDB, because influxd is not installed.');
}

describe.skipIf(influxd === null)('a real InfluxDB 1.x', () => {
  it('is given a database and a retention policy, and gets them again when they are gone', async () => {
    const server = await startInfluxd();
    const retentionPolicy = { name: 'fore"warn', durationMs: 7_200_000 };
    const now = Date.now();
    const { output } = outputFor(server.url, { database: 'plant 1', retentionPolicy, clock: Date.now });
    output.start();
    output.onVerdict(verdictOf(assets[0], now, 1));
    await until('it is written', () => output.status().written === 1);
    expect(await server.query('SHOW RETENTION POLICIES', 'plant 1')).toMatchObject([
      { name: 'autogen', default: true },
      { name: 'fore"warn', duration: '2h0m0s', default: false },
    ]);
    await server.query('DROP RETENTION POLICY "fore\\"warn" ON "plant 1"');
    output.onVerdict(verdictOf(assets[0], now, 1));
    await until('it is written again', () => output.status().written === 2);
    await server.query('DROP DATABASE "plant 1"');
    output.onVerdict(verdictOf(assets[0], now + 1, 2));
    await until('it is written for the third time', () => output.status().written === 3);
    expect(await server.query('SELECT score FROM "fore\\"warn".forewarn_score', 'plant 1')).toEqual([
      { time: now + 1, score: 2 },
    ]);
  });

  it('asks for user and password', async () => {
    const server = await startInfluxd({ auth: { user: 'root', password: 'secret' } });
    await server.query('CREATE DATABASE forewarn');
    await server.query(`CREATE USER "daemon" WITH PASSWORD 'pass:wörd'`);
    await server.query('GRANT ALL ON forewarn TO "daemon"');
    const wrong = outputFor(server.url, { username: 'daemon', password: 'guess' });
    wrong.output.start();
    feed(wrong.output, 0, 2);
    await until('it is refused', () => wrong.output.status().lastError !== null);
    expect(wrong.output.status()).toMatchObject({ waiting: 2, dropped: { refused: 0 } });
    expect(wrong.output.status().lastError).toMatch(/^HTTP 401: authorization failed/);
    expect(await wrong.output.sink.deliver(firing, never)).toMatchObject({ ok: false, retryable: true });
    const right = outputFor(server.url, { username: 'daemon', password: 'pass:wörd' });
    expect(await right.output.sink.deliver(firing, never)).toEqual({ ok: true });
    expect(await server.query('SELECT id FROM forewarn_alert')).toMatchObject([{ id: '01J' }]);
    const stranger = outputFor(server.url, { username: 'daemon', password: 'pass:wörd', database: 'other' });
    expect(await stranger.output.sink.deliver(firing, never)).toMatchObject({
      ok: false,
      retryable: true,
      reason: expect.stringMatching(/CREATE DATABASE "other".*admin/),
    });
  });

  it('keeps the good points of a batch and names what it does not take', async () => {
    const server = await startInfluxd();
    await server.query('CREATE DATABASE forewarn');
    // Another client has made the field a string.
    expect(await server.write(`forewarn_score,asset=x share="text" ${start}`, 'forewarn')).toBe(204);
    const { output, lines } = outputFor(server.url);
    output.start();
    feed(output, 0, 50);
    output.onTraining({
      className: 'pump',
      model: 'pump-1',
      at: start,
      seconds: 1,
      steps: 1,
      fitLoss: null,
      heldOutLoss: null,
      heldOutExceeded: 0,
    });
    feed(output, 50, 100);
    await until('the batch is done with', () => output.status().waiting === 0);
    expect(output.status()).toMatchObject({ written: 1, dropped: { refused: 100 }, lastError: null });
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { error: expect.stringMatching(/share.*forewarn_score/) } },
    ]);
    expect(await server.query('SELECT model FROM forewarn_training')).toHaveLength(1);
    expect(await output.sink.deliver(firing, never)).toEqual({ ok: true });
  });

  it('makes a dead letter of an alert that it never takes', async () => {
    const server = await startInfluxd();
    await server.query('CREATE DATABASE forewarn');
    expect(await server.write('forewarn_alert score="text" 2000', 'forewarn')).toBe(204);
    const { output } = outputFor(server.url);
    expect(await output.sink.deliver(firing, never)).toMatchObject({
      ok: false,
      retryable: false,
      reason: expect.stringContaining('field type conflict'),
    });
  });
});

describe('a server that behaves like InfluxDB 2.x and 3.x', () => {
  it('gets the token, the database, the policy and the precision', async () => {
    const server = await startWriteServer();
    server.answerQuery = () => ({ status: 400, body: '{"code":"invalid","message":"not implemented"}' });
    const { output } = outputFor(`${server.url}/influx/`, {
      token: 'abc==',
      database: 'plant',
      retentionPolicy: { name: 'long', durationMs: 0 },
    });
    expect(await output.sink.deliver(firing, never)).toEqual({ ok: true });
    const writes = server.requests.filter(({ path }) => path === '/influx/write');
    expect(writes).toMatchObject([
      {
        query: { db: 'plant', rp: 'long', precision: 'ms' },
        headers: { authorization: 'Token abc==' },
        body: expect.stringMatching(/^forewarn_alert,.* 2000\nforewarn_transition,.* 2000\n$/),
      },
    ]);
  });

  it('loses only the bad points of a batch that it refuses as a whole', async () => {
    const server = await startWriteServer();
    server.answer = ({ body }) =>
      / score=(?:7|42) /.test(body) || / score=(?:7|42),/.test(body)
        ? { status: 400, body: '{"code":"invalid","message":"unable to parse"}' }
        : { status: 204 };
    const { output, lines } = outputFor(server.url);
    output.start();
    feed(output, 0, 100);
    await until('the batch is done with', () => output.status().waiting === 0);
    expect(output.status()).toMatchObject({ written: 98, dropped: { refused: 2 } });
    expect(server.scores()).toEqual(
      Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 7 && i !== 42),
    );
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { point: expect.stringMatching(/^forewarn_score,asset=north\/1\/pump-2,.* score=7,/) } },
    ]);
  });

  it('is left alone for as long as it asks', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 429, headers: { 'Retry-After': '120' } });
    const { output } = outputFor(server.url);
    expect(await output.sink.deliver(firing, never)).toEqual({
      ok: false,
      retryable: true,
      reason: 'HTTP 429',
      retryAfterMs: 120_000,
    });
    output.start();
    feed(output, 0, 1);
    await until('it waits', () => output.status().nextAttemptAt !== null);
    expect(output.status().nextAttemptAt).toBe(start + 120_000);
  });

  it('is not waited for without end when it stops in the middle of an answer', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 200, headers: { 'Content-Length': '100' }, body: 'half' });
    const client = createInfluxClient({
      url: server.url,
      database: 'forewarn',
      username: null,
      password: null,
      token: null,
      retentionPolicy: null,
      timeoutMs: 100,
    });
    expect(await client.write(Buffer.from('a b=1 1\n'), never)).toEqual({
      kind: 'away',
      reason: 'no answer within 100 ms',
    });
    client.close();
  });
});

describe('resultOf', () => {
  const json = (said: object) => JSON.stringify(said);
  it.each([
    // As influxd 1.6.7 says it.
    [400, json({ error: 'partial write: points beyond retention policy dropped=3' }), 'partial', 3],
    [
      400,
      json({ error: "partial write: unable to parse 'a': x\nunable to parse 'b': y dropped=0" }),
      'partial',
      2,
    ],
    [400, json({ error: 'field type conflict' }), 'refused', null],
    [404, json({ error: 'database not found: "x"' }), 'away', null],
    // As the documentation of 2.x and 3.x has it.
    [
      422,
      json({ code: 'unprocessable entity', message: 'partial write: beyond retention dropped=1' }),
      'partial',
      1,
    ],
    [
      400,
      json({ error: 'partial write of line protocol occurred', data: [{ line_number: 2 }] }),
      'partial',
      1,
    ],
    [413, '<html>too large</html>', 'refused', null],
    // What stands in between speaks no JSON.
    [400, '<html>The plain HTTP request was sent to HTTPS port</html>', 'away', null],
    [401, json({ code: 'unauthorized', message: 'unauthorized access' }), 'away', null],
    [307, '', 'away', null],
  ])('reads %i %s', (status, body, kind, refused) => {
    expect(resultOf({ status, body })).toMatchObject(refused === null ? { kind } : { kind, refused });
  });
});
