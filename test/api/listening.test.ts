import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createPlant } from './support/plant.ts';

describe('listening', () => {
  it('serves on a free port, and stops twice', async () => {
    const other = createPlant();
    const { url } = await other.api.start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${url}/api/v1/assets`);
    expect([response.status, await response.json()]).toEqual([200, { assets: [], next: null }]);
    await other.api.stop();
    await other.close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('names the option when the port is taken', async () => {
    const first = createPlant();
    const { url } = await first.api.start();
    const second = createPlant({ port: Number(new URL(url).port) });
    const failure: unknown = await second.api.start().catch((error: unknown) => error);
    await Promise.all([first.close(), second.close()]);
    expect(failure).toMatchObject({ code: 'API_PORT_IN_USE', hint: expect.stringContaining('api.port') });
  });

  it('names the option when the address is not of this machine', async () => {
    const other = createPlant({ host: '192.0.2.1' });
    const failure: unknown = await other.api.start().catch((error: unknown) => error);
    await other.close();
    expect(failure).toMatchObject({ code: 'API_ADDRESS_REFUSED', hint: expect.stringContaining('api.host') });
  });

  it('stops although a client keeps its connection', async () => {
    const other = createPlant();
    const { url } = await other.api.start();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n');
    await other.close();
    await closed;
  });
});
