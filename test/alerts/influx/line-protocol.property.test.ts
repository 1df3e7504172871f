import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldOf, keyOf, lineOf, tagSet } from '../../../src/alerts/influx/line-protocol.ts';

/** Reads a line as https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference has it. */
function parse(line: string) {
  const cut = (text: string, at: string): string[] => {
    const parts = [''];
    let quoted = false;
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '\\') parts[parts.length - 1] += text[i++] + (text[i] ?? '');
      else if (text[i] === at && !quoted) parts.push('');
      else {
        if (text[i] === '"') quoted = !quoted;
        parts[parts.length - 1] += text[i];
      }
    }
    return parts;
  };
  // Quotes have no meaning before the fields.
  const spaced = cut(line.replaceAll('"', '\u0001'), ' ').map((part) => part.replaceAll('\u0001', '"'));
  const [head] = spaced;
  const at = line.slice(line.lastIndexOf(' ') + 1);
  const fields = line.slice(head.length + 1, line.lastIndexOf(' '));
  const plain = (text: string) => text.replaceAll(/\\([,= ])/g, '$1');
  const pair = (text: string): [string, string] => {
    const [key, ...rest] = cut(text.replaceAll('"', '\u0001'), '=').map((part) =>
      part.replaceAll('\u0001', '"'),
    );
    return [plain(key), rest.join('=')];
  };
  const [measurement, ...tags] = cut(head.replaceAll('"', '\u0001'), ',').map((part) =>
    part.replaceAll('\u0001', '"'),
  );
  return {
    measurement,
    tags: tags.map(pair).map(([key, value]) => [key, plain(value)]),
    fields: cut(fields, ',').map(pair),
    at: Number(at),
  };
}

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 });
/** What a reader finds where a name or a tag was written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced.
const kept = (value: string) => value.replace(/[\u0000-\u001f\u007f]+/g, '_').replaceAll('\\', '/');

describe('line protocol', () => {
  it('gives back every tag and field, whatever a topic or a channel is called', () => {
    fc.assert(
      fc.property(
        fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(text, fc.oneof(fc.string(), fc.double(), fc.boolean())), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 0, max: 4e12 }),
        (tags, fields, at) => {
          const line = lineOf(
            'forewarn_x',
            tagSet(tags),
            fields.map(([key, value]) => [keyOf(key), value] as const),
            at,
          );
          const written = fields.filter(([, value]) => typeof value !== 'number' || Number.isFinite(value));
          if (written.length === 0) {
            expect(line).toBeNull();
            return;
          }
          expect(line).not.toMatch(/\n/);
          const read = parse(line!);
          expect(read.measurement).toBe('forewarn_x');
          expect(read.at).toBe(at);
          expect(read.tags.sort()).toEqual(
            Object.entries(tags)
              .map(([key, value]) => [kept(key), kept(value)])
              .sort(),
          );
          expect(read.fields.map(([key]) => key)).toEqual(written.map(([key]) => kept(key)));
        },
      ),
    );
  });

  it.each([
    ['a "b" \\ c\nd', 'k="a \\"b\\" \\\\ c d"'],
    [true, 'k=true'],
    [1, 'k=1'],
    [0.1 + 0.2, 'k=0.3'],
    [Number.NaN, null],
    [null, null],
  ])('writes the field %j', (value, written) => {
    expect(fieldOf('k', value)).toBe(written);
  });
});
