import { randomBytes } from 'node:crypto';
import { createAlertOutputs, externalUrl, mqttOutput, sinkNames } from './alert-outputs.ts';
import type { DeliveryResult, Sink } from './alerts/sink.ts';
import { sampleAlert } from './alerts/sinks/sample-alert.ts';
import { MQTT_SINK } from './alerts/sinks/sink-names.ts';
import type { Config } from './config.ts';
import { silentLogger } from './log.ts';
import type { Alert, Clock } from './types.ts';

export interface SinkTestOptions {
  readonly config: Config;
  /** Of the telemetry, for the sink `mqtt`. */
  readonly brokerUrl: string;
  /** The API's own address; empty when it is not known. */
  readonly apiUrl: string;
  readonly clock: Clock;
}

/** What one place said to the test alert, then to its end; the end is not sent when it refused the alert. */
export type SinkTestStep = { readonly state: Alert['state']; readonly result: DeliveryResult };

/**
 * Sends a test alert, and its end, to one of the places that alerts go to: past the outbox, so that it waits for nothing
 * and leaves nothing behind. Null when there is no place of this name; settles within the time limits of the sink.
 */
export async function testSink(
  name: string,
  options: SinkTestOptions,
  signal: AbortSignal,
  onStep: (step: SinkTestStep) => void = () => undefined,
): Promise<DeliveryResult | null> {
  if (!sinkNames(options.config).includes(name)) return null;
  const now = options.clock();
  const firing = sampleAlert({
    id: `al_test_${randomBytes(6).toString('hex')}`,
    startedAt: now,
    firedAt: now,
  });
  let result: DeliveryResult = { ok: true };
  for (const alert of [firing, { ...firing, state: 'resolved', resolvedAt: now + 1 } satisfies Alert]) {
    result = await deliver(name, alert, options, signal);
    onStep({ state: alert.state, result });
    if (!result.ok) break;
  }
  return result;
}

async function deliver(
  name: string,
  alert: Alert,
  { config, brokerUrl, apiUrl, clock }: SinkTestOptions,
  signal: AbortSignal,
): Promise<DeliveryResult> {
  const standing = () => (alert.state === 'firing' ? [alert] : []);
  const options = { standing, externalUrl: () => externalUrl(config, apiUrl), clock, log: silentLogger };
  const key = `${alert.id}:${alert.state}:${name}`;
  const send = (sink: Sink) => sink.deliver({ idempotencyKey: key, transition: alert.state, alert }, signal);
  if (name !== MQTT_SINK) {
    const { sinks } = await createAlertOutputs({ ...config, mqttOutput: null }, options);
    return send(sinks.find((sink) => sink.name === name)!);
  }
  return await overMqtt(config, options, brokerUrl, signal, send);
}

const waitMs = 100;

/** Under an id of its own, since the broker would throw the daemon out for the same one; says nothing of Forewarn's status. */
async function overMqtt(
  config: Config,
  options: Parameters<typeof mqttOutput>[1],
  brokerUrl: string,
  signal: AbortSignal,
  send: (sink: Sink) => Promise<DeliveryResult>,
): Promise<DeliveryResult> {
  const clientId = `${config.mqtt.clientId}-test-${randomBytes(3).toString('hex')}`;
  const output = (await mqttOutput(config, options, { clientId, version: null }))!;
  output.start(config.mqttOutput?.broker?.url ?? brokerUrl);
  try {
    const deadline = performance.now() + config.mqttOutput!.timeoutMs;
    let result = await send(output.sink);
    while (!result.ok && performance.now() < deadline && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      result = await send(output.sink);
    }
    return result;
  } finally {
    await output.stop();
  }
}
