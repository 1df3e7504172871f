import { describe } from 'vitest';
import type { Sink } from '../../../src/alerts/sink.ts';
import { createAlertmanagerSink } from '../../../src/alerts/sinks/alertmanager.ts';
import { createEmailSink } from '../../../src/alerts/sinks/email.ts';
import type { WebhookFormat } from '../../../src/alerts/sinks/webhook-body.ts';
import { silentLogger } from '../../../src/log.ts';
import type { Alert } from '../../../src/types.ts';
import { influxd, startInfluxd } from '../influx/influxd.ts';
import { outputFor } from '../influx/output.ts';
import { until } from '../support/fixtures.ts';
import { startReceiver } from '../support/receiver.ts';
import { webhookOptions, webhookSinkAt } from '../support/webhook-sink.ts';
import { type SinkRig, sinkContract } from './contract.ts';
import { alertmanager, startAlertmanager } from './support/alertmanager-server.ts';
import { headerOf, refusal, startMailServer } from './support/mail-server.ts';
import {
  mosquitto,
  outputAt,
  type StartBroker,
  startAedes,
  startMosquitto,
  subscriber,
} from './support/mqtt-brokers.ts';

const formats: readonly WebhookFormat[] = [
  { kind: 'alertmanager' },
  { kind: 'slack' },
  { kind: 'teams' },
  { kind: 'pagerduty', routingKey: 'geheim-key' },
  { kind: 'template', template: '{ "text": "{{headline}}", "id": "{{id}}", "what": "{{action}}" }' },
];

function webhookRig(format: WebhookFormat): SinkRig {
  return {
    secrets: ['geheim'],
    async start() {
      const receiver = await startReceiver();
      const arrived = () =>
        receiver.received.map(({ headers, body }) => {
          JSON.parse(body);
          return String(headers['idempotency-key']) + body;
        });
      return { port: portOf(receiver.url), arrived };
    },
    sinkAt: async (port, timeoutMs) =>
      webhookSinkAt(`http://127.0.0.1:${port}/geheim-hook`, {
        format,
        timeoutMs,
        bearerToken: 'geheim-token',
        secret: 'geheim-secret',
      }),
    async refuse() {
      const receiver = await startReceiver();
      receiver.answer = () => {
        const { headers, body } = receiver.received.at(-1)!;
        return { status: 400, body: JSON.stringify([headers.authorization, body.slice(0, 60)]) };
      };
      return { port: portOf(receiver.url) };
    },
  };
}

for (const format of formats) sinkContract(`a webhook for ${format.kind}`, webhookRig(format));

sinkContract('mail', {
  secrets: ['geheim'],
  async start() {
    const { port, mails } = await startMailServer();
    return { port, arrived: () => mails.map((mail) => `${headerOf(mail, 'Message-ID')}`) };
  },
  sinkAt: async (port, timeoutMs) =>
    createEmailSink({
      host: '127.0.0.1',
      port,
      encryption: 'starttls',
      username: 'forewarn',
      password: 'geheim',
      from: 'Forewarn <forewarn@plant.example>',
      to: ['shift@plant.example'],
      timeoutMs,
      tls: { ca: null, cert: null, key: null, verify: false },
      externalUrl: () => 'http://forewarn.example:8080',
      log: silentLogger,
    }),
  refuse: () =>
    startMailServer({ onRcptTo: (_address, _session, done) => done(refusal(550, 'nobody here, geheim')) }),
});

function mqttRig(startBroker: StartBroker): SinkRig {
  const firing = new Map<string, Alert>();
  return {
    secrets: ['geheim'],
    async start() {
      const { port } = await startBroker();
      const arrived = async () => {
        const { seen, stop } = await subscriber(port);
        await until('the status is there', () => seen.has('forewarn/status'));
        await stop();
        return [...seen].filter(([topic]) => topic.includes('/alerts/')).map(([, { payload }]) => payload);
      };
      return { port, arrived };
    },
    async sinkAt(port, timeoutMs): Promise<Sink> {
      firing.clear();
      const { sink } = outputAt(port, firing, { timeoutMs, username: 'forewarn', password: 'geheim' });
      if (await isBroker(port)) {
        const { seen } = await subscriber(port);
        await until('it is online', () => seen.has('forewarn/status'));
      }
      return {
        name: sink.name,
        // As the journal has it, the state is there before the notification.
        deliver(notification, signal) {
          const { alert } = notification;
          if (alert.state === 'firing') firing.set(alert.id, alert);
          else firing.delete(alert.id);
          return sink.deliver(notification, signal);
        },
      };
    },
  };
}

async function isBroker(port: number): Promise<boolean> {
  const trial = await Promise.race([
    subscriber(port).catch(() => null),
    new Promise<null>((resolve) => setTimeout(() => resolve(null), 500)),
  ]);
  return trial !== null;
}

sinkContract('MQTT with the embedded broker', mqttRig(startAedes));

if (mosquitto === null) console.warn('SKIPPED: alerts on mosquitto, because it is not installed.');
describe.skipIf(mosquitto === null)('with a real broker', () => {
  sinkContract('MQTT with mosquitto', mqttRig(startMosquitto));
});

if (alertmanager === null) {
  console.warn('SKIPPED: alerts in Alertmanager, because prometheus-alertmanager is not installed.');
}
describe.skipIf(alertmanager === null)('with a real Alertmanager', () => {
  sinkContract('Alertmanager', {
    secrets: ['geheim'],
    async start() {
      const { port, alerts } = await startAlertmanager();
      return { port, arrived: async () => (await alerts()).map((alert) => alert.annotations.alert_id!) };
    },
    sinkAt: async (port, timeoutMs) =>
      createAlertmanagerSink({
        ...webhookOptions(`http://127.0.0.1:${port}/api/v2/alerts`, {
          format: { kind: 'alertmanager_api' },
          timeoutMs,
          clock: Date.now,
          bearerToken: 'geheim',
        }),
        standing: () => [],
        log: silentLogger,
      }),
  });
});

if (influxd === null) console.warn('SKIPPED: alerts in InfluxDB, because influxd is not installed.');
describe.skipIf(influxd === null)('with a real InfluxDB', () => {
  sinkContract('InfluxDB', {
    secrets: ['geheim'],
    async start() {
      const server = await startInfluxd();
      const arrived = async () =>
        (await server.query('SELECT * FROM forewarn_alert')).map((row) => JSON.stringify(row));
      return { port: portOf(server.url), arrived };
    },
    async sinkAt(port, timeoutMs) {
      const url = `http://127.0.0.1:${port}`;
      const { output } = outputFor(url, { timeoutMs, username: 'forewarn', password: 'geheim' });
      await fetch(`${url}/query`, {
        method: 'POST',
        body: new URLSearchParams({ q: 'CREATE DATABASE forewarn' }),
        signal: AbortSignal.timeout(500),
      }).catch(() => undefined);
      return output.sink;
    },
  });
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}
