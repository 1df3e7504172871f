import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram, testSubscriber } from './subscriber-support.ts';
import { until } from './support.ts';

const openssl = findProgram('openssl');
if (openssl === null) console.warn('SKIPPED: TLS tests of the subscriber, because openssl is not installed.');

describe.skipIf(openssl === null)('subscriber over TLS', () => {
  let folder = '';
  const file = (name: string) => join(folder, name);
  const pem = (name: string) => readFileSync(file(name), 'utf8');
  const run = (...words: string[]) => execFileSync(openssl!, words, { cwd: folder, stdio: 'pipe' });
  const sockets = new Set<TLSSocket>();
  let aedes: Aedes;
  let server: Server;
  let url = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'forewarn-tls-'));
    const days = ['-days', '2'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    run('req', '-x509', ...key, ...days, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test plant CA');
    for (const [name, san] of [
      ['broker', 'DNS:broker.plant'],
      ['client', 'DNS:forewarn.plant'],
    ] as const) {
      writeFileSync(file(`${name}.ext`), `subjectAltName=${san}\n`);
      run('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
      run('x509', '-req', '-in', `${name}.csr`, ...signer, ...days, '-out', `${name}.pem`);
    }
    aedes = await Aedes.createBroker();
    server = createServer(
      { ca: pem('ca.pem'), cert: pem('broker.pem'), key: pem('broker.key'), requestCert: true },
      (socket) => {
        sockets.add(socket);
        aedes.handle(socket);
      },
    );
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `mqtts://127.0.0.1:${(server.address() as { port: number }).port}`;
  });

  afterAll(async () => {
    if (aedes !== undefined) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const tls = () => ({
    ca: pem('ca.pem'),
    cert: pem('client.pem'),
    key: pem('client.key'),
    rejectUnauthorized: true,
    servername: 'broker.plant',
  });

  it('connects with authority, client certificate and expected name', async () => {
    const { subscriber, messages } = testSubscriber({ url, tls: tls() });
    await subscriber.start();
    await until('subscribed', () => subscriber.status().subscriptions[0]!.granted === 1);
    await subscriber.publish('plant/a/telemetry', 'hello', { qos: 1, retain: false });
    await until('the message came', () => messages.length === 1);
    expect([...sockets].some((socket) => socket.authorized)).toBe(true);
    await subscriber.stop();
  });

  it.each([
    ['an unknown authority', { ca: null }, /self.signed|unable to (get|verify)/i],
    ['another name', { servername: 'other.plant' }, /other\.plant|altnames/i],
  ])('refuses a broker with %s and says why, once', async (_, change, reason) => {
    const { subscriber, lines } = testSubscriber({ url, tls: { ...tls(), ...change } });
    await subscriber.start();
    await until('it failed', () => subscriber.status().lastError !== null);
    const since = Date.now();
    await until('it had time for several attempts', () => Date.now() - since > 300);
    expect(subscriber.status().state).toBe('connecting');
    expect(subscriber.status().lastError).toMatch(reason);
    expect(lines).toHaveLength(1);
    await subscriber.stop();
  });

  it('connects to any broker when told not to verify', async () => {
    const { subscriber } = testSubscriber({ url, tls: { ...tls(), ca: null, rejectUnauthorized: false } });
    await subscriber.start();
    await until('connected', () => subscriber.status().state === 'connected');
    await subscriber.stop();
  });

  it('does not start with a certificate that is none', async () => {
    const { subscriber } = testSubscriber({ url, tls: { ...tls(), cert: 'no certificate' } });
    await expect(subscriber.start()).rejects.toMatchObject({ code: 'MQTT_OPTIONS_INVALID' });
  });
});
