import type { StreamTrace } from '../trace.ts';
import { columnExtremes } from './column-extremes.ts';
import { html, type Markup } from './markup.ts';
import { opacityPng } from './png.ts';

/**
 * Opacities `[C x columns]`: the shares of the row with the highest score of each column, so that the map tells what
 * the peaks of the curve above consist of. Below the threshold they fade with the score's square, for shares of a score near
 * zero are noise. Shares are raised to 0.7, or half of a score would look like little.
 */
export function attributionOpacities(
  trace: StreamTrace,
  maxColumns: number,
): { columns: number; opacities: Float32Array } {
  const { highRow } = columnExtremes(trace.score, maxColumns);
  const columns = highRow.length;
  const count = trace.channels.length;
  const opacities = new Float32Array(count * columns);
  for (let column = 0; column < columns; column++) {
    const row = highRow[column];
    if (row < 0) continue;
    const weight = Math.min(1, trace.score[row]) ** 2;
    for (let channel = 0; channel < count; channel++) {
      const share = trace.attribution[row * count + channel];
      opacities[channel * columns + column] = Number.isNaN(share) ? 0 : share ** 0.7 * weight;
    }
  }
  return { columns, opacities };
}

/** The map as an image that its box stretches, `C` lines high. */
export function attributionImage(trace: StreamTrace, maxColumns: number): Markup {
  const { columns, opacities } = attributionOpacities(trace, maxColumns);
  const png = opacityPng(columns, trace.channels.length, opacities, [214, 72, 28]);
  const names = trace.channels.join(', ');
  return html`<img class="map" alt="Share of the score over time of the channels ${names}" src="data:image/png;base64,${png.toString('base64')}">`;
}
