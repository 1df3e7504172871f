import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of alerts on loopback, for the demo: it accepts every POST and hands its JSON on. */
export interface WebhookReceiver {
  readonly url: string;
  close(): Promise<void>;
}

const mostBytes = 1_048_576;

export function startWebhookReceiver(onPayload: (payload: unknown) => void): Promise<WebhookReceiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > mostBytes) request.destroy();
      else parts.push(part);
    });
    request.on('end', () => {
      response.writeHead(204).end();
      onPayload(JSON.parse(Buffer.concat(parts).toString()));
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}/alerts`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
