import { describe, expect, it } from 'vitest';
import type { WhyNotBody } from '../../src/api/why-not-schemas.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { startDaemon } from './support/daemon.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { trainedFolder } from './support/trained-state.ts';

describe('why not, from a running daemon', { timeout: 90_000 }, () => {
  it('follows an asset from its first row to its alert and into a silence', async () => {
    const daemon = await startDaemon(writeConfig(await trainedFolder()));
    const feeder = await startRowFeeder(daemon, 1);
    const id = feeder.assetId(0);
    const ask = async () => (await daemon.get<WhyNotBody>(`/api/v1/assets/${id}/why-not`)).body;
    const reasons = async () => (await ask()).findings.map(({ reason }) => reason);
    const post = (path: string, body: object) =>
      fetch(`${daemon.apiUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    expect(await ask()).toMatchObject({
      class: null,
      alerting: false,
      findings: [{ reason: 'unknown_asset' }],
    });
    await feeder.feed(3, [0]);
    expect((await ask()).findings).toMatchObject([{ reason: 'warming_up', have: 3 }]);
    await feeder.feed(60, [0]);
    const [{ reason, have, channels, text }] = (await ask()).findings;
    expect(reason).toBe('below_threshold');
    expect(have).toBeLessThan(1);
    expect(channels).toHaveLength(3);
    expect(text).toMatch(/found by (network|vector_autoregression) (shift|burst)/);

    expect(
      (
        await post('/api/v1/silences', {
          by: 'ada',
          comment: 'noisy',
          duration: '1h',
          matchers: [`asset=${id}`],
        })
      ).status,
    ).toBe(201);
    expect(await reasons()).toEqual(['below_threshold', 'silence']);
    expect((await ask()).findings[1]).toMatchObject({
      by: 'ada',
      comment: 'noisy',
      untilAt: expect.stringContaining('T'),
    });
    expect((await post('/api/v1/out-of-service', { by: 'bob', comment: 'overhaul', asset: id })).status).toBe(
      200,
    );
    expect(await reasons()).toEqual(['below_threshold', 'out_of_service', 'silence']);

    feeder.plant.inject(0, { kind: 'leak', startAt: 0, size: 2, rampMs: 5000 });
    await feeder.feed(40, [0]);
    const alerting = await ask();
    expect(alerting.alerting).toBe(true);
    expect(alerting.findings.map((one) => one.reason)).toEqual(['alert_firing', 'out_of_service', 'silence']);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });

  it('says of a class without a model how far it is', async () => {
    const daemon = await startDaemon(writeConfig(temporaryFolder()));
    const feeder = await startRowFeeder(daemon, 1);
    await feeder.feed(40, [0]);
    const path = `/api/v1/assets/${encodeURIComponent(feeder.assetId(0))}/why-not`;
    const { findings } = (await daemon.get<WhyNotBody>(path)).body;
    expect(findings).toMatchObject([{ reason: 'learning', have: 40, need: expect.any(Number) }]);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
