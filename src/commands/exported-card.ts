import { createHash } from 'node:crypto';
import type { Model } from '../models/model.ts';
import type { Channel } from '../types.ts';

/**
 * What goes with an exported model as plain JSON: the model card, and everything that turns its residuals into the score
 * that Forewarn gives, in numbers and in words.
 */
export function exportedCard(model: Model, channels: readonly Channel[], file: string, onnx: Uint8Array) {
  const { card, scaling, linear, calibration } = model;
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
      linear_sources: linear.map(({ kind, now, before, offset }) => ({
        kind,
        /** Row-major [C x C], a row for each predicted channel; null is all zeros. */
        now: now && [...now],
        before: before && [...before],
        offset: [...offset],
      })),
      detectors: calibration.detectors.map((detector) => ({
        source: detector.source,
        kind: detector.kind,
        smoothing: detector.smoothing,
        energy_smoothing: detector.energySmoothing,
        mean: [...detector.mean],
        /** Row-major [C x C]. */
        precision: [...detector.precision],
        /** Null for one that saw too few windows: its score is 0. */
        threshold: Number.isFinite(detector.threshold) ? detector.threshold : null,
      })),
      /** By asset id, in the order of the detectors. */
      assets: Object.fromEntries(
        Object.entries(calibration.assets ?? {}).map(([id, parts]) => [
          id,
          parts.map(({ mean, factor }) => ({ mean: [...mean], factor })),
        ]),
      ),
      formula: [
        'Residual of source network: last_residual. Of a linear source: x(t) - (now x(t) + before x(t-1) + offset), with x scaled as above, missing readings held at their last value.',
        'Each detector keeps for each asset a running mean m, one number a channel, and an energy e, all 0 at the start.',
        'For each window in order of time: m = m + smoothing * (residual - m), leaving out the channels whose last reading is missing (with smoothing 1 they are set to 0).',
        'e = e + energy_smoothing * ((m - mean)^T * precision * (m - mean) / C - e), with precision row-major [C x C].',
        'For an asset that is listed under assets, mean is the one that stands there, and the score of the detector is taken times the factor that stands there.',
        "The detector's score is sqrt(e) / threshold, 0 where the threshold is null; the score is the largest of them; 1.0 and above is anomalous.",
        "A channel's share of it, for the largest one: (precision * (m - mean))_i^2 / precision_ii, divided by the sum over all channels.",
      ],
    },
  };
}
