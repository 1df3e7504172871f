import { alertLines } from '../influx/event-lines.ts';
import type { InfluxClient } from '../influx/influx-client.ts';
import { INFLUX_SINK } from '../influx/sink-name.ts';
import type { DeliveryResult, Sink } from '../sink.ts';

/**
 * Writes every transition of an alert as points. A transition that is written again is the same point. Only what
 * InfluxDB will never take becomes a dead letter; a missing database or wrong credentials wait to be mended.
 */
export function createInfluxSink(client: Pick<InfluxClient, 'write'>): Sink {
  return {
    name: INFLUX_SINK,
    async deliver(notification, signal): Promise<DeliveryResult> {
      const result = await client.write(Buffer.from(`${alertLines(notification).join('\n')}\n`), signal);
      if (result.kind === 'written') return { ok: true };
      if (result.kind !== 'away') return { ok: false, retryable: false, reason: result.reason };
      const { reason, retryAfterMs } = result;
      return { ok: false, retryable: true, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    },
  };
}
