// How long the line takes: from the message, which is a whole row, to the score of that row on the broker.
import { connectAsync } from 'mqtt';

const SLICE_MS = 5000;

/** Watches the scores that the daemon publishes (`mqtt_output.scores`). */
export async function createLineWatch(url) {
  const client = await connectAsync(url);
  /** When the messages of each time were published. */
  const publishedAt = new Map();
  let slices = [];
  let sliceEndsAt = 0;
  let scores = 0;
  await client.subscribeAsync('forewarn/scores/#', { qos: 0 });
  client.on('message', (_topic, payload) => {
    const now = performance.now();
    // `{"at":"2026-...Z"`: the time alone is wanted, thousands of times a second.
    const at = Date.parse(payload.toString('latin1', 7, 31));
    const sentAt = publishedAt.get(at);
    if (sentAt === undefined) return;
    scores += 1;
    if (now > sliceEndsAt) {
      slices.push([]);
      sliceEndsAt = now + SLICE_MS;
    }
    slices.at(-1).push(now - sentAt);
  });
  return {
    onRow(at) {
      publishedAt.set(at, performance.now());
      publishedAt.delete(at - 600_000);
    },
    begin() {
      slices = [];
      sliceEndsAt = 0;
      scores = 0;
    },
    /**
     * Of the time since `begin`. The percentiles are the medians of those of five seconds each: the machine is not ours alone,
     * and somebody else's burst is no property of the line.
     */
    figures() {
      const full = slices.filter((slice) => slice.length > 100);
      const of = (share) => rounded(median(full.map((slice) => quantile(slice, share))));
      return {
        scores_seen: scores,
        line_p50_ms: of(0.5),
        line_p99_ms: of(0.99),
        line_p99_ms_worst: rounded(Math.max(...full.map((slice) => quantile(slice, 0.99)))),
      };
    },
    stop: () => client.endAsync(true),
  };
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

const median = (values) => quantile(values, 0.5);
const rounded = (value) => Math.round(value * 10) / 10;
