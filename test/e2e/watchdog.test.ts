import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { startDaemon } from './support/daemon.ts';
import { until } from './support/until.ts';
import { startWebhook } from './support/webhook.ts';

/** Counts heartbeats at an address that only its owner knows. */
async function startDeadMansSwitch(): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    // The first is refused, as by a service that is away for a moment.
    response.writeHead(requests.length === 1 ? 503 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/secret-uuid`, requests };
}

describe('a daemon that watches itself', { timeout: 60_000 }, () => {
  it('raises an alert about missing data, sends heartbeats, and keeps their address out of its log', async () => {
    const webhook = await startWebhook();
    const { url, requests } = await startDeadMansSwitch();
    const file = writeConfig(temporaryFolder(), {
      webhookUrl: webhook.url,
      outputs: { watchdog: { no_data_for: '1s', disk_free: 0 }, heartbeat: { url, every: '1s' } },
    });
    const daemon = await startDaemon(file);
    await until('the alert is delivered', () => webhook.deliveries.length > 0);
    expect(webhook.deliveries[0]).toMatchObject({
      status: 'firing',
      alert: { rule: 'watchdog:no_data', priority: 'high' },
    });
    const { alerts } = (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts?rule=watchdog:no_data'))
      .body;
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({ asset: 'forewarn', class: 'forewarn', state: 'firing' });
    expect(alerts[0].summary).toMatch(/^Forewarn: no data for \d+ s, no machine publishes$/);

    await until('heartbeats come', () => requests.length >= 3);
    expect(requests[0].method).toBe('POST');
    expect(requests[0].url).toBe('/ping/secret-uuid');
    const said = daemon.log().map(({ msg }) => msg);
    expect(said).toContain('the heartbeat does not arrive');
    expect(said).toContain('the heartbeat arrives again');
    expect(JSON.stringify(daemon.log())).not.toContain('secret-uuid');
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
