import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { attributionOpacities } from '../../../src/evaluation/html/attribution-map.ts';
import { opacityPng } from '../../../src/evaluation/html/png.ts';
import { syntheticTrace } from './synthetic-report.ts';

describe('attributionOpacities', () => {
  it('takes the row of the highest score of each column, faded below the threshold', () => {
    const plain = syntheticTrace({ name: 't', rows: 6, channels: ['a', 'b'], firstTestRow: 0, events: [] });
    const trace = {
      ...plain,
      score: Float32Array.of(0.1, 5, Number.NaN, 0.5, Number.NaN, Number.NaN),
      attribution: Float32Array.of(
        0,
        1,
        0.75,
        0.25,
        Number.NaN,
        Number.NaN,
        1,
        0,
        ...Array(4).fill(Number.NaN),
      ),
    };
    expect(attributionOpacities(trace, 3)).toEqual({
      columns: 3,
      opacities: Float32Array.of(0.75 ** 0.7, 0.25, 0, 0.25 ** 0.7, 0, 0),
    });
  });
});

describe('opacityPng', () => {
  it('holds one line a channel, in 32 steps', () => {
    const png = opacityPng(2, 2, Float32Array.of(0, 1, 0.5, 7), [1, 2, 3]);
    const data = png.indexOf('IDAT');
    const lines = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
    expect([...lines]).toEqual([0, 0, 31, 0, 16, 31]);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2, 2]);
  });
});
