import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export interface Broker {
  /** Listens; rejects with `BROKER_LISTEN_FAILED` when the address is taken or not allowed. */
  start(): Promise<{ readonly port: number }>;
  /** Closes every client and the port. May be called again, and before `start`. */
  stop(): Promise<void>;
}

/**
 * An MQTT 3.1 and 3.1.1 broker inside the process, for plants that have none. It keeps sessions and retained
 * messages in memory and asks nobody for a password, so it belongs on a loopback or machine network. `port` 0
 * takes any free one. After `stop` it can be started again, as a new broker without the old sessions.
 */
export function createBroker(options: {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
}): Broker {
  const { host, port, log } = options;
  let running: { aedes: Aedes; server: Server; sockets: Set<Socket> } | null = null;

  return {
    async start() {
      const aedes = await Aedes.createBroker();
      // An emitter without a listener for `error` throws it, which would end the daemon.
      aedes.on(
        'error' as 'closed',
        ((error: unknown) => {
          log.error({ error: messageOf(error) }, 'embedded broker failed to store a message');
        }) as () => void,
      );
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        aedes.handle(socket);
      });
      try {
        await listen(server, host, port);
      } catch (cause) {
        await closeAedes(aedes);
        throw new ForewarnError('BROKER_LISTEN_FAILED', `The broker cannot listen on ${host}:${port}`, {
          cause,
          hint: `${messageOf(cause)}. Choose another host or port, or point the url at the broker that runs there.`,
        });
      }
      running = { aedes, server, sockets };
      const address = server.address();
      return { port: address !== null && typeof address === 'object' ? address.port : port };
    },

    async stop() {
      if (running === null) return;
      const { aedes, server, sockets } = running;
      running = null;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await closeAedes(aedes);
      // Those that connected and never said who they are.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function closeAedes(aedes: Aedes): Promise<void> {
  return new Promise((resolve) => aedes.close(() => resolve()));
}
