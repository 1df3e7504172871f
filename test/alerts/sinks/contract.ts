import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Notification, Sink } from '../../../src/alerts/sink.ts';
import type { Alert } from '../../../src/types.ts';
import { alertNamed } from '../support/fixtures.ts';

/** What a sink needs to be put through the contract. */
export interface SinkRig {
  /** A real receiver, up until the test ends. */
  start(): Promise<{
    readonly port: number;
    /** What has arrived, one text a notification that the receiver tells apart from the others. */
    arrived(): Promise<readonly string[]> | readonly string[];
  }>;
  /** A sink that is connected to the port, when anybody answers there; stopped when the test ends. */
  sinkAt(port: number, timeoutMs: number): Promise<Sink>;
  /** A receiver that refuses for good and repeats what it was sent; left out where a protocol has no such thing. */
  refuse?(): Promise<{ readonly port: number }>;
  /** What `sinkAt` uses and nobody may read. */
  readonly secrets: readonly string[];
}

export const never = new AbortController().signal;

export function firingOf(id: string, changes: Partial<Alert> = {}): Notification {
  const startedAt = Date.now() - 60_000;
  const alert = alertNamed(id, { startedAt, firedAt: startedAt + 1000, ...changes });
  return { idempotencyKey: `${id}:firing:sink`, transition: 'firing', alert };
}

export function resolvedOf({ alert }: Notification): Notification {
  const resolved: Alert = { ...alert, state: 'resolved', resolvedAt: alert.startedAt + 30_000 };
  return { idempotencyKey: `${alert.id}:resolved:sink`, transition: 'resolved', alert: resolved };
}

/** Text that breaks out of JSON, HTML, headers, Markdown, Slack's markup and line protocol where it is not escaped. */
export const hostile = `x" }]\r\nBcc: a@b <!channel> <b>&amp;</b> [y](http://z) \\ {{id}} 'a=1,b c' 😀`;

/** Every sink keeps this promise: see the interface `Sink`. */
export function sinkContract(kind: string, rig: SinkRig): void {
  describe(`${kind} keeps the contract of sinks: it`, () => {
    it('takes an alert and its end', async () => {
      const receiver = await rig.start();
      const sink = await rig.sinkAt(receiver.port, 10_000);
      const firing = firingOf('al_1');
      expect(await sink.deliver(firing, never)).toEqual({ ok: true });
      expect((await receiver.arrived()).join('\n')).toContain('al_1');
      expect(await sink.deliver(resolvedOf(firing), never)).toEqual({ ok: true });
    });

    it('does no harm when it delivers twice', async () => {
      const receiver = await rig.start();
      const sink = await rig.sinkAt(receiver.port, 10_000);
      const firing = firingOf('al_1');
      await sink.deliver(firing, never);
      const once = [...(await receiver.arrived())];
      expect(await sink.deliver(firing, never)).toEqual({ ok: true });
      expect(new Set(await receiver.arrived())).toEqual(new Set(once));
    });

    it('carries any text that a plant can send', async () => {
      const receiver = await rig.start();
      const sink = await rig.sinkAt(receiver.port, 10_000);
      const changes = {
        labels: { asset: hostile },
        summary: hostile,
        action: hostile,
        channels: [{ channel: hostile, unit: hostile, share: 1, expected: null, actual: null }],
      };
      expect(await sink.deliver(firingOf('al_1', changes), never)).toEqual({ ok: true });
      expect(await receiver.arrived()).toHaveLength(1);
    });

    it('holds what a receiver that is away shall get', async () => {
      const sink = await rig.sinkAt(await closedPort(), 10_000);
      const result = await sink.deliver(firingOf('al_1'), never);
      expect(result).toMatchObject({ ok: false, retryable: true, reason: expect.stringMatching(/./) });
    });

    it('gives up on a receiver that says nothing, for now', async () => {
      const sink = await rig.sinkAt(await silentPort(), 100);
      const result = await sink.deliver(firingOf('al_1'), never);
      expect(result).toMatchObject({ ok: false, retryable: true });
    });

    it('ends when it is told to', async () => {
      const sink = await rig.sinkAt(await silentPort(), 600_000);
      const abort = new AbortController();
      const delivering = sink.deliver(firingOf('al_1'), abort.signal);
      abort.abort();
      expect(await delivering).toMatchObject({ ok: false, retryable: true });
    });

    const { refuse } = rig;
    if (refuse !== undefined) {
      it('tells refusals that will never pass', async () => {
        const { port } = await refuse();
        const sink = await rig.sinkAt(port, 10_000);
        expect(await sink.deliver(firingOf('al_1'), never)).toMatchObject({ ok: false, retryable: false });
      });
    }

    it('shows no secret', async () => {
      const ports = [await closedPort(), await silentPort(), ...(refuse ? [(await refuse()).port] : [])];
      for (const port of ports) {
        const result = await (await rig.sinkAt(port, 100)).deliver(firingOf('al_1'), never);
        for (const secret of rig.secrets) expect(JSON.stringify(result)).not.toContain(secret);
        expect(result.ok).toBe(false);
      }
    });
  });
}

async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Takes connections and answers nothing. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
