import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createBroker } from '../../src/ingest/broker.ts';
import { silentLogger } from '../../src/log.ts';

const host = '127.0.0.1';
const log = silentLogger;

describe('embedded broker', () => {
  it('says that its port is taken', async () => {
    const first = createBroker({ host, port: 0, log });
    const { port } = await first.start();
    const second = createBroker({ host, port, log });
    await expect(second.start()).rejects.toMatchObject({
      code: 'BROKER_LISTEN_FAILED',
      hint: expect.stringMatching(/EADDRINUSE/),
    });
    await second.stop();
    await first.stop();
  });

  it('stops although a client never spoke, and starts again on its port', async () => {
    const broker = createBroker({ host, port: 0, log });
    const { port } = await broker.start();
    const silent = connect(port, host);
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    await broker.stop();
    await closed;
    await broker.stop();

    const again = createBroker({ host, port, log });
    expect(await again.start()).toEqual({ port });
    await again.stop();
  });
});
