import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsOptions } from '../../../src/alerts/sinks/tls-options.ts';
import { webhookSinkAt } from '../support/webhook-sink.ts';
import { firingOf, never } from './contract.ts';
import { makeCertificates, openssl } from './support/certificates.ts';

if (openssl === null) console.warn('SKIPPED: webhooks over TLS, because openssl is not installed.');

describe.skipIf(openssl === null)('a webhook over TLS', () => {
  let certificates: ReturnType<typeof makeCertificates>;
  let server: Server;
  let url = '';
  const clients: boolean[] = [];

  beforeAll(async () => {
    certificates = makeCertificates();
    const { ca, server: pair } = certificates;
    server = createServer(
      { ...pair, ca, requestCert: true, rejectUnauthorized: false },
      (request, answer) => {
        clients.push((request.socket as TLSSocket).authorized);
        answer.writeHead(204).end();
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://localhost:${(server.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => void server?.close());

  const deliver = (tls: Partial<TlsOptions>) =>
    webhookSinkAt(url, { tls: { ca: null, cert: null, key: null, verify: true, ...tls } }).deliver(
      firingOf('al_1'),
      never,
    );

  it('is refused when nobody known vouches for the receiver', async () => {
    expect(await deliver({})).toMatchObject({
      ok: false,
      retryable: true,
      reason: expect.stringContaining('CERT'),
    });
  });

  it('goes to a receiver that the own authority vouches for', async () => {
    expect(await deliver({ ca: certificates.ca })).toEqual({ ok: true });
    expect(clients.pop()).toBe(false);
  });

  it('shows its own certificate', async () => {
    expect(await deliver({ ca: certificates.ca, ...certificates.client })).toEqual({ ok: true });
    expect(clients.pop()).toBe(true);
  });

  it('goes to anybody when that is wanted', async () => {
    expect(await deliver({ verify: false })).toEqual({ ok: true });
  });
});
