import { randomBytes } from 'node:crypto';
import { createAlertOutputs, externalUrl, mqttOutput, sinkNames } from '../alert-outputs.ts';
import type { DeliveryResult, Sink } from '../alerts/sink.ts';
import { sampleAlert } from '../alerts/sinks/sample-alert.ts';
import { MQTT_SINK } from '../alerts/sinks/sink-names.ts';
import { type Config, loadConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { silentLogger } from '../log.ts';
import type { Alert } from '../types.ts';
import type { CommandContext } from './context.ts';

/**
 * Sends a test alert, and its end, to one of the places that alerts go to: in this process and past the outbox, so that
 * no daemon need run. Nothing stays open at the receiver.
 * @throws ForewarnError `OPTION_INVALID` for a name that is not configured, `SINK_FAILED` with what the receiver said
 */
export async function testSink(
  name: string,
  options: { readonly config: string },
  context: CommandContext,
): Promise<void> {
  const config = loadConfig(options.config, context.env);
  const names = sinkNames(config);
  if (!names.includes(name)) {
    throw new ForewarnError('OPTION_INVALID', `no place of alerts is named ${name}`, {
      hint:
        names.length === 0
          ? 'The configuration has none: see webhooks, mqtt_output and email.'
          : `One of ${names.join(', ')}.`,
    });
  }
  const now = Date.now();
  const firing = sampleAlert({
    id: `al_test_${randomBytes(6).toString('hex')}`,
    startedAt: now,
    firedAt: now,
  });
  for (const alert of [firing, { ...firing, state: 'resolved', resolvedAt: now + 1 } satisfies Alert]) {
    const result = await deliver(config, name, alert, context);
    if (!result.ok) {
      throw new ForewarnError('SINK_FAILED', `${name} did not take the test alert: ${result.reason}`, {
        hint: result.retryable
          ? 'Forewarn would keep an alert and try again.'
          : 'Forewarn would try no alert again that is refused like this.',
      });
    }
    context.out(`${name} took the test alert (${alert.state}).`);
  }
}

async function deliver(
  config: Config,
  name: string,
  alert: Alert,
  context: CommandContext,
): Promise<DeliveryResult> {
  const standing = () => (alert.state === 'firing' ? [alert] : []);
  const options = {
    standing,
    externalUrl: () => externalUrl(config, ''),
    clock: Date.now,
    log: silentLogger,
  };
  const key = `${alert.id}:${alert.state}:${name}`;
  const send = (sink: Sink) =>
    sink.deliver({ idempotencyKey: key, transition: alert.state, alert }, context.signal);
  if (name !== MQTT_SINK) {
    const { sinks } = await createAlertOutputs({ ...config, mqttOutput: null }, options);
    return send(sinks.find((sink) => sink.name === name)!);
  }
  return await overMqtt(config, options, context.signal, send);
}

const waitMs = 100;

/** Under an id of its own, since the broker would throw the daemon out for the same one; says nothing of Forewarn's status. */
async function overMqtt(
  config: Config,
  options: Parameters<typeof mqttOutput>[1],
  signal: AbortSignal,
  send: (sink: Sink) => Promise<DeliveryResult>,
): Promise<DeliveryResult> {
  const clientId = `${config.mqtt.clientId}-test-${randomBytes(3).toString('hex')}`;
  const output = (await mqttOutput(config, options, { clientId, version: null }))!;
  const { embedded, url } = config.mqtt;
  output.start(config.mqttOutput?.broker?.url ?? url ?? `mqtt://${embedded.host}:${embedded.port}`);
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
