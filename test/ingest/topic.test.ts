import { describe, expect, it } from 'vitest';
import { ForewarnError } from '../../src/errors.ts';
import { TopicRouter } from '../../src/ingest/topic-router.ts';
import { parseTopicTemplate, subscriptionFilter } from '../../src/ingest/topic-template.ts';
import { harness, pump, scalarPump } from './support.ts';

const reading = { ts: 1_700_000_000_000, values: { speed: 1, flow: 2 } };

describe('topic templates', () => {
  it('become subscription filters', () => {
    expect(subscriptionFilter('plant/{site}/{line}/{asset}/telemetry')).toBe('plant/+/+/+/telemetry');
    expect(subscriptionFilter('/{asset}/{channel}')).toBe('/+/+');
  });

  it.each([
    'plant/+/telemetry',
    'plant/{asset}/#',
    'plant/x{asset}/telemetry',
    'plant/{}/telemetry',
    'plant/{a b}/telemetry',
    'plant/{__proto__}/telemetry',
    'plant/{asset}/{asset}',
    '{asset}/{channel}/{channel}',
    'plant/{asset/telemetry',
    'plant/telemetry',
    'plant/{channel}',
  ])('"%s" is refused with a hint', (template) => {
    expect(() => parseTopicTemplate(template)).toThrowError(ForewarnError);
    try {
      parseTopicTemplate(template);
    } catch (error) {
      expect(error).toMatchObject({ code: 'TOPIC_TEMPLATE_INVALID', hint: expect.stringMatching(/\w/) });
    }
  });
});

describe('a topic', () => {
  it('gives the asset its labels and its id', () => {
    const { ingest, send, announced } = harness([pump]);
    send('plant/north/pump-3/telemetry', reading);
    send('plant/north/pump-3/telemetry', reading);
    send('plant/south/pump-3/telemetry', reading);
    expect(ingest.assets()).toEqual([
      { index: 0, id: 'north/pump-3', className: 'pump', labels: { site: 'north', asset: 'pump-3' } },
      { index: 1, id: 'south/pump-3', className: 'pump', labels: { site: 'south', asset: 'pump-3' } },
    ]);
    expect(announced).toEqual(ingest.assets());
  });

  it('is taken by the first class that it fits', () => {
    const press = { ...pump, name: 'press', topic: 'plant/{hall}/{asset}/telemetry' };
    const { ingest, send } = harness([press, pump]);
    send('plant/north/a/telemetry', reading);
    expect(ingest.assets()[0]).toMatchObject({ className: 'press', labels: { hall: 'north' } });
  });

  it('of another class may not take the id of an asset', () => {
    const press = { ...pump, name: 'press', topic: 'presses/{hall}/{asset}' };
    const { ingest, send, lastReason } = harness([pump, press]);
    send('plant/north/a/telemetry', reading);
    send('presses/north/a', reading);
    expect(lastReason()).toBe('asset_conflict');
    expect(ingest.assets()).toHaveLength(1);
  });

  it.each([
    ['somewhere/else', 'no_class'],
    ['plant/north/a/telemetry/more', 'no_class'],
    ['plant//a/telemetry', 'bad_topic'],
    ['plant/no\u0000rth/a/telemetry', 'bad_topic'],
    ['plant/no\u0085rth/a/telemetry', 'bad_topic'],
    [`plant/${'x'.repeat(129)}/a/telemetry`, 'bad_topic'],
    ['x'.repeat(60_000), 'bad_topic'],
  ])('%j is refused: %s', (topic, reason) => {
    const { ingest, send, lastReason } = harness([pump]);
    send(topic, reading);
    expect(lastReason()).toBe(reason);
    expect(ingest.assets()).toEqual([]);
    expect(ingest.refusals()[0]!.topic.length).toBeLessThanOrEqual(256);
  });

  it('of a scalar names its channel', () => {
    const { send, rows, lastReason } = harness([scalarPump]);
    send('plant/north/a/flow', '2');
    send('plant/north/a/speed', '1');
    send('plant/north/a/humidity', '1');
    send('plant/north/a/', '1');
    expect(rows).toEqual([{ id: 'north/a', at: 1_700_000_000_000, values: [1, 2], measured: [1, 1] }]);
    expect(lastReason()).toBe('bad_topic');
  });

  it('makes no asset before it carries a reading', () => {
    const { ingest, send } = harness([pump]);
    send('plant/north/a/telemetry', 'garbage');
    send('plant/north/a/telemetry', reading, { retain: true });
    expect(ingest.assets()).toEqual([]);
  });

  it('beyond the limit of assets is refused, and known assets go on', () => {
    const { ingest, send, lastReason, rows } = harness([pump], { assets: 2 });
    for (const asset of ['a', 'b', 'c', 'a']) send(`plant/north/${asset}/telemetry`, reading);
    expect(lastReason()).toBe('too_many_assets');
    expect(ingest.stats().refused.too_many_assets).toBe(1);
    expect(rows.map(({ id }) => id)).toEqual(['north/a', 'north/b']);
    expect(ingest.stats().repeated).toBe(2);
  });
});

describe('TopicRouter', () => {
  it('decides a topic once while it is in use, and forgets those that are not', () => {
    const router = new TopicRouter([pump], 3);
    const used = router.route('plant/n/used/telemetry');
    const idle = router.route('plant/n/idle/telemetry');
    for (let i = 0; i < 20; i++) {
      router.route(`plant/n/${i}/telemetry`);
      expect(router.route('plant/n/used/telemetry')).toBe(used);
    }
    expect(router.route('plant/n/idle/telemetry')).not.toBe(idle);
  });
});
