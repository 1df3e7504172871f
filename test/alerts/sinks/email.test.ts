import { describe, expect, it } from 'vitest';
import { createEmailSink, type EmailOptions } from '../../../src/alerts/sinks/email.ts';
import { recordingLog } from '../support/fixtures.ts';
import { firingOf, hostile, never, resolvedOf } from './contract.ts';
import { headerOf, refusal, startMailServer } from './support/mail-server.ts';

function sinkFor(port: number, changes: Partial<EmailOptions> = {}) {
  const { log, lines } = recordingLog();
  const sink = createEmailSink({
    host: '127.0.0.1',
    port,
    encryption: 'starttls',
    username: null,
    password: null,
    from: 'Forewarn <forewarn@plant.example>',
    to: ['shift@plant.example', 'Ada <ada@plant.example>'],
    timeoutMs: 5_000,
    tls: { ca: null, cert: null, key: null, verify: false },
    externalUrl: () => 'http://forewarn.example:8080',
    log,
    ...changes,
  });
  return { sink, lines };
}

describe('mail', () => {
  it('says in the subject what decides whether to get up, and answers its own first mail', async () => {
    const { port, mails } = await startMailServer();
    const { sink } = sinkFor(port);
    const firing = firingOf('al_1', { priority: 'high', action: 'Look at the bearing.' });
    await sink.deliver(firing, never);
    await sink.deliver(resolvedOf(firing), never);
    const [first, last] = mails;
    expect(headerOf(first!, 'Subject')).toMatch(/^HIGH pump-3 \(north\/1\): vibration reads 4\.8 mm\/s/);
    expect(headerOf(last!, 'Subject')).toMatch(/^RESOLVED pump-3/);
    expect(first!.recipients).toEqual(['shift@plant.example', 'ada@plant.example']);
    expect(headerOf(first!, 'From')).toBe('Forewarn <forewarn@plant.example>');
    expect(headerOf(first!, 'To')).toBe('shift@plant.example, Ada <ada@plant.example>');
    expect(headerOf(first!, 'Auto-Submitted')).toBe('auto-generated');
    expect(headerOf(first!, 'Message-ID')).toBe('<al_1.firing@plant.example>');
    expect(headerOf(first!, 'In-Reply-To')).toBeUndefined();
    expect(headerOf(last!, 'Message-ID')).toBe('<al_1.resolved@plant.example>');
    expect(headerOf(last!, 'In-Reply-To')).toBe('<al_1.firing@plant.example>');
    expect(headerOf(last!, 'References')).toBe('<al_1.firing@plant.example>');
    expect(first!.text).toMatch(/Content-Type: text\/plain/);
    expect(first!.text).toMatch(/Content-Type: text\/html/);
    expect(first!.text).toContain('Action: Look at the bearing.');
    expect(first!.text).toContain('http://forewarn.example:8080/api/v1/alerts/al_1');
  });

  it('keeps what a plant can send inside its place', async () => {
    const { port, mails } = await startMailServer();
    const { sink } = sinkFor(port);
    expect(await sink.deliver(firingOf('al_1', { summary: hostile, assetId: hostile }), never)).toEqual({
      ok: true,
    });
    expect(headerOf(mails[0]!, 'Bcc')).toBeUndefined();
    expect(mails[0]!.recipients).toEqual(['shift@plant.example', 'ada@plant.example']);
    const [, html] = mails[0]!.text.split(/Content-Type: text\/html/);
    expect(html).not.toContain('<b>');
  });

  it('logs in, over TLS alone', async () => {
    const { port, mails } = await startMailServer();
    const login = { username: 'forewarn', password: 'geheim' };
    expect(await sinkFor(port, login).sink.deliver(firingOf('al_1'), never)).toEqual({ ok: true });
    expect(mails[0]).toMatchObject({ secure: true, user: 'forewarn' });
    const plain = await startMailServer({ disabledCommands: ['STARTTLS'] });
    expect(await sinkFor(plain.port, login).sink.deliver(firingOf('al_1'), never)).toMatchObject({
      ok: false,
    });
    expect(plain.mails).toEqual([]);
  });

  it('takes no certificate that nobody vouches for', async () => {
    const { port, mails } = await startMailServer();
    const tls = { ca: null, cert: null, key: null, verify: true };
    expect(await sinkFor(port, { tls }).sink.deliver(firingOf('al_1'), never)).toMatchObject({
      ok: false,
      retryable: true,
    });
    expect(mails).toEqual([]);
  });

  it('goes out with TLS from the start, or without any, when that is wanted', async () => {
    const implicit = await startMailServer({ secure: true });
    expect(
      await sinkFor(implicit.port, { encryption: 'implicit' }).sink.deliver(firingOf('al_1'), never),
    ).toEqual({ ok: true });
    expect(implicit.mails[0]!.secure).toBe(true);
    const none = await startMailServer();
    expect(await sinkFor(none.port, { encryption: 'none' }).sink.deliver(firingOf('al_1'), never)).toEqual({
      ok: true,
    });
    expect(none.mails[0]!.secure).toBe(false);
  });

  it('waits for somebody to mend the login', async () => {
    const { port } = await startMailServer();
    const { sink } = sinkFor(port, { username: 'forewarn', password: 'wrong-secret' });
    const result = await sink.deliver(firingOf('al_1'), never);
    expect(result).toMatchObject({ ok: false, retryable: true });
    expect(JSON.stringify(result)).not.toContain('wrong-secret');
  });

  it('sends again to those alone who were put off', async () => {
    const greylisted = new Set(['ada@plant.example']);
    const { port, mails } = await startMailServer({
      onRcptTo: ({ address }, _session, done) =>
        greylisted.delete(address) ? done(refusal(451, 'try later')) : done(),
    });
    const { sink } = sinkFor(port);
    const firing = firingOf('al_1');
    expect(await sink.deliver(firing, never)).toEqual({
      ok: false,
      retryable: true,
      reason: '1 of 2 recipients are put off',
    });
    expect(await sink.deliver(firing, never)).toEqual({ ok: true });
    expect(mails.map(({ recipients }) => recipients)).toEqual([
      ['shift@plant.example'],
      ['ada@plant.example'],
    ]);
  });

  it('names those who are refused for good, and serves the others', async () => {
    const { port, mails } = await startMailServer({
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('ada') ? done(refusal(550, 'no such user')) : done(),
    });
    const { sink, lines } = sinkFor(port);
    expect(await sink.deliver(firingOf('al_1'), never)).toEqual({ ok: true });
    expect(mails.map(({ recipients }) => recipients)).toEqual([['shift@plant.example']]);
    expect(lines).toMatchObject([{ level: 'warn', fields: { recipients: ['ada@plant.example'] } }]);
  });

  it.each([
    [452, true],
    [552, false],
  ])('takes an answer %i to the message for what it is', async (code, retryable) => {
    const { port } = await startMailServer({
      onData(stream, _session, done) {
        stream.resume();
        stream.on('end', () => done(refusal(code, 'the mailbox is full')));
      },
    });
    expect(await sinkFor(port).sink.deliver(firingOf('al_1'), never)).toMatchObject({ ok: false, retryable });
  });
});
