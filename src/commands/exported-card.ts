import { createHash } from 'node:crypto';
import type { Model } from '../models/model.ts';
import type { Channel } from '../types.ts';

/**
 * What goes with an exported model as plain JSON: the model card, and everything that turns its residuals into the score
 * that Forewarn gives, in numbers and in words.
 */
export function exportedCard(model: Model, channels: readonly Channel[], file: string, onnx: Uint8Array) {
  const { card, scaling, calibration } = model;
  const { window } = card.spec;
  const batch = ['batch', window, channels.length];
  return {
    format: 1,
    model: card,
    onnx: {
      file,
      sha256: createHash('sha256').update(onnx).digest('hex'),
      inputs: {
        windows: {
          shape: batch,
          means: `${window} consecutive rows of one asset, oldest first, one every ${card.sampleEveryMs} ms, in the channels' units; where a reading is missing the last known value, or NaN if there is none`,
        },
      },
      outputs: {
        last_residual: {
          shape: ['batch', channels.length],
          means: 'measured minus predicted, of the last row, in scaled units',
        },
        squared_error: {
          shape: ['batch', channels.length],
          means: 'mean over the rows of the squared residual, in scaled units',
        },
        reconstruction: { shape: batch, means: "the network's idea of the windows, in the channels' units" },
      },
    },
    channels,
    scaling: {
      inside_the_onnx_file: true,
      formula: '(x - center) / scale, limited to +-clip; NaN becomes 0',
      center: [...scaling.center],
      scale: [...scaling.scale],
      clip: scaling.clip,
    },
    score: {
      smoothing: calibration.smoothing,
      mean: [...calibration.mean],
      deviation: [...calibration.deviation],
      /** Row-major [C x C]. */
      precision: [...calibration.precision],
      threshold: calibration.threshold,
      formula: [
        'Keep a running mean m for each asset, one number a channel, 0 at the start.',
        'For each window in order of time: m = m + smoothing * (last_residual - m), leaving out the channels whose last reading is missing.',
        'z = (m - mean) / deviation, channel by channel.',
        'statistic = sqrt(max(0, z^T * precision * z) / C), with precision row-major [C x C].',
        'score = statistic / threshold; 1.0 and above is anomalous.',
        "A channel's share of it: (precision * z)_i^2 / precision_ii, divided by the sum over all channels.",
      ],
    },
  };
}
