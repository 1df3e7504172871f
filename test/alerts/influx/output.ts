import { onTestFinished } from 'vitest';
import { createInfluxOutput, type InfluxOutputOptions } from '../../../src/alerts/influx/influx-output.ts';
import { channels, recordingLog, temporaryDirectory } from '../support/fixtures.ts';

/** The time at which the outputs of tests are made. */
export const start = 1_700_000_000_000;

/** An output with waits short enough for tests, stopped when the test ends. */
export function outputFor(url: string, options: Partial<InfluxOutputOptions> = {}) {
  const { log, lines } = recordingLog();
  const made = createInfluxOutput({
    url,
    database: 'forewarn',
    username: null,
    password: null,
    token: null,
    retentionPolicy: null,
    timeoutMs: 5000,
    scores: true,
    rows: false,
    channelErrors: false,
    spoolBytes: 64 * 1024 * 1024,
    stateDir: temporaryDirectory(),
    channels: () => channels,
    clock: () => start,
    log,
    flushMs: 20,
    backoff: { minMs: 10, maxMs: 50 },
    ...options,
  });
  onTestFinished(() => made.stop());
  return { output: made, lines };
}
