import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics, type Metrics } from '../src/metrics.ts';
import { alertOf, assetAt, createPlant, type Plant, scored } from './api/support/plant.ts';
import { statusOf } from './api/support/status.ts';

/** Samples of the text format by name with labels, and types by name. */
function parse(text: string) {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) types.set(name, type!);
    if (line === '' || line.startsWith('#')) continue;
    const cut = line.lastIndexOf(' ');
    samples.set(line.slice(0, cut), Number(line.slice(cut + 1)));
  }
  return { samples, types };
}

describe('metrics', () => {
  let plant: Plant;
  let metrics: Metrics;
  beforeAll(() => {
    plant = createPlant();
    metrics = createMetrics({ version: '1.2.3', engine: 'onnx' });
    plant.fleet.onVerdict(scored(assetAt(1), 0, 2));
    plant.fleet.onVerdict({ kind: 'unknown', asset: assetAt(2), at: 0, reason: 'learning' });
    metrics.read({ status: () => statusOf(plant.fleet) });
  });
  afterAll(() => plant.close());

  it('shows the counters of the line at each scrape, the same at the next', async () => {
    const first = parse(await metrics.text()).samples;
    const second = parse(await metrics.text()).samples;
    for (const samples of [first, second]) {
      expect(Object.fromEntries(samples)).toMatchObject({
        'forewarn_build_info{version="1.2.3",engine="onnx"}': 1,
        forewarn_messages_total: 12,
        'forewarn_messages_refused_total{reason="not_json"}': 2,
        forewarn_rows_total: 9,
        forewarn_gap_rows_total: 1,
        'forewarn_verdicts_total{kind="anomalous",reason=""}': 1,
        'forewarn_verdicts_total{kind="unknown",reason="learning"}': 1,
        'forewarn_windows_dropped_total{reason="overloaded"}': 1,
        'forewarn_assets{state="anomalous"}': 1,
        'forewarn_learning_progress_ratio{class="pump"}': 0.8,
        'forewarn_training_runs_total{class="pump",result="failed"}': 1,
        'forewarn_outbox_queued{sink="ops"}': 1,
        'forewarn_notifications_failed_total{sink="ops"}': 3,
        forewarn_influx_points_written_total: 5,
        'forewarn_influx_points_dropped_total{reason="overflow"}': 2,
        forewarn_influx_points_waiting: 4,
        forewarn_influx_spool_bytes: 3,
        forewarn_mqtt_connected: 0,
        forewarn_mqtt_reconnects_total: 2,
        forewarn_alerts_firing: 2,
      });
    }
  });

  it('counts alerts and measures batches', async () => {
    const asset = assetAt(1);
    metrics.observeAlert(alertOf(asset, 1));
    metrics.observeAlert(alertOf(asset, 2));
    metrics.observeAlert(alertOf(asset, 1, true));
    metrics.observeBatch(100, 3);
    const { samples } = parse(await metrics.text());
    expect(samples.get('forewarn_alerts_raised_total{class="pump",rule="anomaly"}')).toBe(2);
    expect(samples.get('forewarn_alerts_resolved_total{class="pump",rule="anomaly"}')).toBe(1);
    expect(samples.get('forewarn_score_batch_duration_seconds_sum')).toBeCloseTo(0.003);
    expect(samples.get('forewarn_score_batch_duration_seconds_bucket{le="0.005"}')).toBe(1);
    expect(samples.get('forewarn_score_batch_windows_bucket{le="64"}')).toBe(0);
  });

  it('names things as Prometheus does, and never an asset', async () => {
    const text = await metrics.text();
    const { types } = parse(text);
    const own = [...types].filter(([name]) => name.startsWith('forewarn_'));
    expect(own.length).toBeGreaterThan(30);
    for (const [name, type] of own)
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(text).not.toContain('pump-1');
    expect(types.has('process_cpu_seconds_total')).toBe(true);
    expect(types.has('nodejs_eventloop_lag_seconds')).toBe(true);
  });

  it('lives twice in one process, and answers before it has a source', async () => {
    const other = parse(await createMetrics({ version: '9', engine: 'none' }).text());
    expect(other.samples.get('forewarn_build_info{version="9",engine="none"}')).toBe(1);
    expect(other.samples.get('forewarn_messages_total')).toBe(0);
  });

  it('rejects with what its source throws', async () => {
    const broken = createMetrics({ version: '1', engine: 'none' });
    broken.read({
      status() {
        throw new Error('the disk is gone');
      },
    });
    await expect(broken.text()).rejects.toThrow('the disk is gone');
  });
});
