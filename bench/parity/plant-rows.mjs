import { faultKinds } from '../../dist/simulator/faults.js';
import { pumpChannels } from '../../dist/simulator/pump.js';

const width = pumpChannels.length;

/** The next `rows` rows of every pump of a plant, as rows to train on or to score. */
export function recordPlant(plant, rows) {
  const assets = plant.pumps.map(({ asset }) => ({
    assetId: asset,
    at: new Float64Array(rows),
    values: new Float32Array(rows * width),
    measured: new Uint8Array(rows * width).fill(1),
  }));
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const [i, { values }] of plant.pumps.entries()) {
      assets[i].at[row] = at;
      assets[i].values.set(values, row * width);
    }
  }
  return assets;
}

/**
 * Schedules a fault of each kind on each pump within the next `rows` rows, one after the other, each in a turn of its own
 * whose first and last quarter are well; a pump begins with another kind than its neighbour. By pump, in order of time.
 */
export function injectFaults(plant, rows, size) {
  const turn = Math.floor(rows / faultKinds.length) * plant.sampleEveryMs;
  return plant.pumps.map((_, pump) =>
    faultKinds.map((_kind, i) => {
      const startAt = plant.nextAt + i * turn + turn / 4;
      const kind = faultKinds[(i + pump) % faultKinds.length];
      return plant.inject(pump, { kind, startAt, endAt: startAt + turn / 2, size }).fault;
    }),
  );
}
