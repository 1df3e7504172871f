import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config.ts';

const webhooks = [
  { name: 'pager', url: 'http://127.0.0.1/hook' },
  { name: 'am', url: 'http://127.0.0.1/', format: 'alertmanager_api' },
];
function read(...escalation: object[]) {
  const classes = { pump: { topic: 'plant/{asset}/t', channels: { speed: {} } } };
  const document = { classes, webhooks, mqtt_output: { enabled: true }, escalation };
  const { config, problems } = resolveConfig(document, { env: {}, baseDir: '.' });
  return { steps: config?.escalation, problems: problems.map(({ path, message }) => `${path} ${message}`) };
}

describe('escalation', () => {
  it('is read with its defaults, and is nobody when absent', () => {
    expect(read()).toEqual({ steps: [], problems: [] });
    expect(read({ name: 'on-call', sinks: ['pager'], match: ['site=north'] }).steps).toEqual([
      { name: 'on-call', afterMs: 900_000, sinks: ['pager'], match: ['site=north'], priority: 'low' },
    ]);
  });

  it.each([
    [[{ name: 'a', sinks: ['nobody'] }], 'escalation.0.sinks.0 is no place that alerts go to'],
    [[{ name: 'a', sinks: ['email'] }], 'escalation.0.sinks.0 is no place that alerts go to'],
    [[{ name: 'a', sinks: ['am'] }], 'escalation.0.sinks.0 shows what stands, and hears of every alert'],
    [[{ name: 'a', sinks: ['mqtt'] }], 'escalation.0.sinks.0 shows what stands, and hears of every alert'],
    [[{ name: 'a', sinks: ['pager', 'pager'] }], 'escalation.0.sinks.1 is named twice'],
    [[{ name: 'a', sinks: ['pager'], match: ['north'] }], 'escalation.0.match.0 "north" is no matcher'],
    [
      [
        { name: 'a', sinks: ['pager'] },
        { name: 'a', sinks: ['pager'] },
      ],
      'escalation.1.name is used twice',
    ],
  ])('refuses %j', (steps, problem) => {
    expect(read(...steps).problems).toEqual([problem]);
  });
});
