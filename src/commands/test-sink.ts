import { sinkNames } from '../alert-outputs.ts';
import { loadConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { testSink as send } from '../sink-test.ts';
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
  const { embedded, url } = config.mqtt;
  const brokerUrl = url ?? `mqtt://${embedded.host}:${embedded.port}`;
  const result = await send(
    name,
    { config, brokerUrl, apiUrl: '', clock: Date.now },
    context.signal,
    ({ state, result: { ok } }) => {
      if (ok) context.out(`${name} took the test alert (${state}).`);
    },
  );
  if (result === null) {
    const names = sinkNames(config);
    throw new ForewarnError('OPTION_INVALID', `no place of alerts is named ${name}`, {
      hint:
        names.length === 0
          ? 'The configuration has none: see webhooks, mqtt_output and email.'
          : `One of ${names.join(', ')}.`,
    });
  }
  if (!result.ok) {
    throw new ForewarnError('SINK_FAILED', `${name} did not take the test alert: ${result.reason}`, {
      hint: result.retryable
        ? 'Forewarn would keep an alert and try again.'
        : 'Forewarn would try no alert again that is refused like this.',
    });
  }
}
