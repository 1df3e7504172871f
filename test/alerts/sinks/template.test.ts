import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTemplateBody } from '../../../src/alerts/sinks/template-payload.ts';
import { firingOf, hostile, resolvedOf } from './contract.ts';

const url = 'http://forewarn.example';

describe('a template', () => {
  it('puts values of the alert into JSON, goes through channels, and knows the end from the beginning', () => {
    const body = createTemplateBody(`{
      "title": "{{headline}}", "site": "{{labels.site}}", "link": "{{url}}", "key": "{{idempotency_key}}",
      "open": {{firing}}, {{#resolved}}"ended": "{{resolvedAt}}",{{/resolved}}
      "channels": [{{#channels}}"{{channel}}: {{actual}} {{unit}}",{{/channels}} null]
    }`);
    const firing = firingOf('al_1', { startedAt: 1_000, firedAt: 2_000 });
    expect(JSON.parse(body(firing, url))).toEqual({
      title: `MEDIUM ${firing.alert.summary}`,
      site: 'north',
      link: 'http://forewarn.example/api/v1/alerts/al_1',
      key: 'al_1:firing:sink',
      open: true,
      channels: ['vibration: 4.8 mm/s', null],
    });
    expect(JSON.parse(body(resolvedOf(firing), url))).toMatchObject({
      open: false,
      ended: '1970-01-01T00:00:31.000Z',
    });
  });

  it('is JSON whatever stands in an alert, and is not itself read for tags', () => {
    const body = createTemplateBody('{ "text": "{{summary}}", "action": "{{action}}" }');
    const any = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(hostile), fc.constant('{{id}} {{{id}}}'));
    fc.assert(
      fc.property(any, (summary) => {
        const text = body(firingOf('al_1', { summary, action: summary }), url);
        expect(JSON.parse(text)).toEqual({ text: summary, action: summary });
      }),
    );
  });

  it('reaches data alone', () => {
    const body = createTemplateBody(
      '{ "a": "{{constructor}}{{toString}}{{labels.__proto__}}{{id.constructor.name}}" }',
    );
    expect(JSON.parse(body(firingOf('al_1'), url))).toEqual({
      a: expect.not.stringMatching(/function|native/),
    });
  });

  it.each([
    ['{ "text": {{summary}} }', /does not become JSON/],
    // An alert of a silent asset has no score.
    ['{ "score": {{score}} }', /does not become JSON/],
    ['{ "text": "{{{summary}}}" }', /not allowed/],
    ['{ "text": "{{& summary}}" }', /not allowed/],
    ['{ "text": "{{> other}}" }', /not allowed/],
    ['{{=<% %>=}}{ "text": "<%& summary %>" }', /not allowed/],
    ['{ "text": "{{#channels}}" }', /does not become JSON: Unclosed section/],
    ['just text', /does not become JSON/],
  ])('is refused before it is needed: %s', (template, message) => {
    expect(() => createTemplateBody(template)).toThrow(message);
  });
});
