import { type Alert, confidenceOf, type Verdict } from '../../types.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Sink } from '../sink.ts';
import { alertDocument } from './alert-document.ts';
import { createMqttConnection, type MqttConnectionOptions } from './mqtt-connection.ts';
import { MQTT_SINK } from './sink-names.ts';
import type { Standing } from './standing.ts';

export interface MqttOutputOptions extends Omit<MqttConnectionOptions, 'status'> {
  /** First levels of all topics, such as `forewarn`. */
  readonly prefix: string;
  /** Whether scores are published. */
  readonly scores: boolean;
  /** Forewarn's version, for the birth; null when this output is only a test and says nothing of itself. */
  readonly version: string | null;
  readonly externalUrl: () => string;
  readonly standing: Standing;
}

/** Forewarn on a broker: what stands and the scores for whoever subscribes, and whether anybody watches. */
export interface MqttOutput {
  readonly sink: Sink;
  /** Publishes the score when that is wanted; never waits and never throws. */
  onVerdict(verdict: Verdict): void;
  start(url: string): void;
  /** Stop the delivery of alerts first. */
  stop(): Promise<void>;
}

/**
 * - `{prefix}/alerts/{asset id}`, retained: the standing alerts of the asset; empty, and so gone, when there are none.
 * - `{prefix}/scores/{asset id}`: each score, not retained and not repeated.
 * - `{prefix}/status`, retained: `online` or `offline`, by birth and will.
 *
 * A retained message is a state, not an event: it is always made of what stands now, so that late or repeated
 * deliveries cannot bring back what is over. At every connection all that stands is published again, since brokers may
 * forget what they retained.
 */
export function createMqttOutput(options: MqttOutputOptions): MqttOutput {
  const { prefix, scores, version, externalUrl, standing, log } = options;
  const status = version === null ? null : { topic: `${prefix}/status`, version };
  const connection = createMqttConnection({ ...options, status });
  const never = new AbortController().signal;
  const tell = (assetId: string, signal: AbortSignal) =>
    connection.retain(`${prefix}/alerts/${assetId}`, stateOf(standing(assetId), externalUrl()), signal);

  return {
    sink: {
      name: MQTT_SINK,
      deliver: async ({ alert }, signal) => await tell(alert.assetId, signal),
    },
    onVerdict(verdict) {
      if (!scores || verdict.kind === 'unknown') return;
      const { asset, at, score, kind } = verdict;
      const { value, model } = score;
      const confidence = confidenceOf(model);
      const body = { at: rfc3339(at), score: value, verdict: kind, model, confidence };
      connection.offer(`${prefix}/scores/${asset.id}`, JSON.stringify(body));
    },
    start(url) {
      connection.start(url, () => {
        try {
          const assets = new Set(standing().map(({ assetId }) => assetId));
          for (const assetId of assets) void tell(assetId, never);
        } catch (error) {
          log.warn({ error: String(error) }, 'cannot read the standing alerts for the MQTT broker');
        }
      });
    },
    stop: () => connection.stop(),
  };
}

const urgency: readonly Alert['priority'][] = ['critical', 'high', 'medium', 'low'];

/** The most urgent alert in the clear, so that a panel needs no loop, and all of them in `alerts`. */
function stateOf(alerts: readonly Alert[], externalUrl: string): string {
  const sorted = [...alerts].sort((a, b) => urgency.indexOf(a.priority) - urgency.indexOf(b.priority));
  const [worst] = sorted;
  if (worst === undefined) return '';
  const { assetId, priority, summary } = worst;
  const documents = sorted.map((alert) => alertDocument(alert, externalUrl));
  return JSON.stringify({ asset: assetId, priority, summary, alerts: documents });
}
