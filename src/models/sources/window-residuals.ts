import type { Scaling } from '../engine.ts';
import { scaleValue } from '../scaling.ts';
import { type LinearSource, linearResidual } from './linear-source.ts';

/** Gives a linear source's residual of a window's last row. */
export interface WindowResiduals {
  /**
   * `windows` are `[B x T x C]` in raw units; writes the residual of window `i`'s last row into `out`, length C, in scaled
   * units. A missing reading has to be blotted out by the caller, who knows which are.
   */
  write(source: LinearSource, windows: Float32Array, i: number, out: Float32Array): void;
}

/** For windows of `length` rows; keeps two rows to work in. */
export function createWindowResiduals(scaling: Scaling, length: number): WindowResiduals {
  const channels = scaling.center.length;
  const current = new Float32Array(channels);
  const previous = new Float32Array(channels);
  return {
    write(source, windows, i, out) {
      const last = ((i + 1) * length - 1) * channels;
      for (let channel = 0; channel < channels; channel++) {
        current[channel] = scaleValue(windows[last + channel], channel, scaling);
        previous[channel] = scaleValue(windows[last - channels + channel], channel, scaling);
      }
      linearResidual(source, current, previous, out);
    },
  };
}
