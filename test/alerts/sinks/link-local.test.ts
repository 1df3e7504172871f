import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { guardedLookup, isLinkLocal } from '../../../src/alerts/sinks/link-local.ts';
import { startReceiver } from '../support/receiver.ts';
import { webhookSinkAt } from '../support/webhook-sink.ts';
import { firingOf, never } from './contract.ts';

describe('link-local addresses', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '[fe80::1]',
    'fe80::1%eth0',
    'febf::1',
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '100.100.100.200',
    '168.63.129.16',
  ])('are known: %s', (host) => expect(isLinkLocal(host)).toBe(true));

  it.each(['127.0.0.1', '10.0.0.1', '[::1]', '[fd00::1]', '169.253.0.1', 'fec0::1', 'metadata.example', ''])(
    'are not %s',
    (host) => expect(isLinkLocal(host)).toBe(false),
  );

  it.each([
    'http://169.254.169.254/latest',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://[::ffff:a9fe:a9fe]/',
  ])('get no request, however they are written: %s', async (url) => {
    expect(await webhookSinkAt(url).deliver(firingOf('al_1'), never)).toEqual({
      ok: false,
      retryable: false,
      reason: 'the address is link-local or of cloud metadata; set `allow_link_local: true` if it is meant',
    });
  });

  function resolved(name: string, all: boolean) {
    return new Promise<{ error: Error | null; address: string | LookupAddress[] }>((resolve) => {
      guardedLookup(name, { all }, (error, address) => resolve({ error, address }));
    });
  }

  it.each([true, false])('are no answer to a name (all: %s)', async (all) => {
    const { error } = await resolved('169.254.169.254', all);
    expect(error?.message).toContain('allow_link_local');
    const allowed = await resolved('localhost', all);
    expect(allowed.error).toBeNull();
    expect(allowed.address).not.toHaveLength(0);
  });

  it('do not stand in the way of names', async () => {
    const receiver = await startReceiver();
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    expect(await webhookSinkAt(url).deliver(firingOf('al_1'), never)).toEqual({ ok: true });
  });

  it('says that a name is not known, and that another attempt is worth it', async () => {
    const result = await webhookSinkAt('http://nobody.invalid/').deliver(firingOf('al_1'), never);
    expect(result).toMatchObject({ ok: false, retryable: true });
  });
});
