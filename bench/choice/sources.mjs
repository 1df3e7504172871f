import { fitNetwork } from '../../dist/models/fit.js';
import { createRandom } from '../../dist/models/random.js';
import { fitScaling, scaleValue } from '../../dist/models/scaling.js';
import { fitLinearSources } from '../../dist/models/sources/fit-sources.js';
import { linearResidual } from '../../dist/models/sources/linear-source.js';
import { initialWeights } from '../../dist/models/spec.js';
import { windowStarts } from '../../dist/models/training-set.js';
import { sampleEveryMs, slice } from './recordings.mjs';

/** Smaller than as shipped, so that 36 trainings take minutes and faults fit into 100 held-out rows. */
export const windowLength = 20;
const hidden = 32;
const latent = 8;
const batch = 32;
const scoringBatch = 256;
/** Early stopping looks at the last of the fit rows, so that what is held out stays unseen. */
const stoppingShare = 0.2;
const linearKinds = ['robust_z', 'vector_autoregression', 'pca'];

/*
 * A source has a name, its number of channels and `residuals(assets)`, which gives for each `AssetRows` the residuals
 * `[(n - windowLength + 1) x channels]` of the rows that end a full window. All are fitted on the fit rows alone.
 */

/** The sources under test: three linear ones, and a network trained for each number of `steps`. */
export async function fitSources(recording, engine, steps) {
  const { channels, rows, fitRows } = recording;
  const fit = slice(rows, channels, 0, fitRows);
  const scaling = fitScaling(fit.values, channels);
  const linear = fitLinearSources(linearKinds, [fit], { channels, sampleEveryMs, scaling });
  const sources = linear.map((source) => ({
    name: source.kind,
    channels,
    residuals: async (assets) => assets.map((asset) => linearResiduals(source, asset, scaling)),
  }));
  for (const [label, most] of Object.entries(steps)) {
    sources.push(await networkSource(`lstm_${label}`, recording, scaling, engine, most));
  }
  return sources;
}

/** Sources that no detector should be made of: noise, one that is never wrong, and one that sees a single channel. */
export function brokenSources(robustZ, lively) {
  const { channels } = robustZ;
  const random = createRandom(7);
  const filled = (assets, value) =>
    assets.map(({ at }) => Float32Array.from({ length: (at.length - windowLength + 1) * channels }, value));
  const seen = lively[lively.length >> 1];
  return [
    { name: 'random', channels, residuals: async (assets) => filled(assets, () => random.gaussian()) },
    { name: 'constant', channels, residuals: async (assets) => filled(assets, () => 0) },
    {
      name: 'single_channel',
      channels: 1,
      residuals: async (assets) =>
        (await robustZ.residuals(assets)).map((all) => all.filter((_, i) => i % channels === seen)),
    },
  ];
}

function linearResiduals(source, { at, values }, scaling) {
  const channels = scaling.center.length;
  const scaled = values.map((value, i) => scaleValue(value, i % channels, scaling));
  const row = (i) => scaled.subarray(i * channels, (i + 1) * channels);
  const first = windowLength - 1;
  const residuals = new Float32Array((at.length - first) * channels);
  for (let i = first; i < at.length; i++) {
    const to = (i - first) * channels;
    linearResidual(source, row(i), row(i - 1), residuals.subarray(to, to + channels));
  }
  return residuals;
}

async function networkSource(name, { channels, rows, fitRows }, scaling, engine, steps) {
  const spec = {
    kind: 'lstm_autoencoder',
    window: windowLength,
    channels,
    hidden,
    latent,
    reverse: true,
  };
  const cut = (from, to) =>
    windowStarts([rows], { channels, length: windowLength, sampleEveryMs, minCoverage: 0 }, () => [from, to]);
  const stopping = Math.floor((1 - stoppingShare) * fitRows);
  const { weights } = await fitNetwork(
    {
      spec,
      scaling,
      start: initialWeights(spec, 1),
      assets: [rows],
      fit: cut(0, stopping),
      heldOut: cut(stopping, fitRows),
      steps,
      batch,
      seed: 1,
    },
    { engine, onProgress() {} },
  );
  return {
    name,
    channels,
    async residuals(assets) {
      const session = await engine.createScoring({ spec, weights, scaling });
      try {
        const all = [];
        for (const asset of assets) all.push(await networkResiduals(session, asset, channels));
        return all;
      } finally {
        await session.dispose();
      }
    },
  };
}

async function networkResiduals(session, { at, values }, channels) {
  const windows = at.length - windowLength + 1;
  const size = windowLength * channels;
  const residuals = new Float32Array(windows * channels);
  for (let first = 0; first < windows; first += scoringBatch) {
    const count = Math.min(scoringBatch, windows - first);
    const input = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      const from = (first + i) * channels;
      input.set(values.subarray(from, from + size), i * size);
    }
    residuals.set((await session.score(input, count)).lastResidual, first * channels);
  }
  return residuals;
}
