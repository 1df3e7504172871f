import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AlertmanagerPayload } from '../../../src/alerts/sinks/alertmanager-payload.ts';

export interface Delivery {
  readonly key: string;
  readonly status: 'firing' | 'resolved';
  readonly alert: AlertmanagerPayload['alerts'][number]['forewarn'];
}

export interface WebhookReceiver {
  readonly url: string;
  readonly deliveries: Delivery[];
}

/** Keeps every alert that is posted to it, for one test. `onDelivery` runs before the answer; false gives none. */
export async function startWebhook(
  onDelivery: (delivery: Delivery) => boolean = () => true,
): Promise<WebhookReceiver> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const payload = JSON.parse(Buffer.concat(parts).toString()) as AlertmanagerPayload;
      const delivery: Delivery = {
        key: String(request.headers['idempotency-key']),
        status: payload.status,
        alert: payload.alerts[0].forewarn,
      };
      deliveries.push(delivery);
      if (onDelivery(delivery)) response.writeHead(204).end();
      else request.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${port}/hook`, deliveries };
}
