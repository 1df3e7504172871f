import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AssetRows } from '../../../src/history/asset-rows.ts';
import { createHistory, type History, type HistoryOptions } from '../../../src/history/history.ts';
import { silentLogger } from '../../../src/log.ts';
import { Plant } from '../../../src/simulator/plant.ts';
import type { Row } from '../../../src/types.ts';

export const startAt = Date.UTC(2026, 2, 1);
export const channels = ['speed', 'flow'] as const;

/** Removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-history-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A started history of two channels that is stopped when the test ends. */
export async function historyIn(directory: string, changes: Partial<HistoryOptions> = {}): Promise<History> {
  const history = createHistory({
    directory,
    channelsOf: () => channels,
    retention: { ageMs: 1e12, bytes: 1e12 },
    clock: Date.now,
    log: silentLogger,
    ...changes,
  });
  await history.start();
  onTestFinished(() => history.stop());
  return history;
}

export function rowOf(id: string, at: number, values: readonly number[], measured?: readonly number[]): Row {
  return {
    asset: { index: 0, id, className: 'pump', labels: {} },
    at,
    values: Float32Array.from(values),
    measured: Uint8Array.from(measured ?? values.map(() => 1)),
  };
}

/** Plain arrays, so that a difference reads well. */
export function plain(rows: readonly AssetRows[]) {
  return rows.map(({ assetId, at, values, measured }) => ({
    assetId,
    at: [...at],
    values: [...values],
    measured: [...measured],
  }));
}

/** Healthy rows of a simulated plant with the decimals that it publishes. */
export function plantRows(pumps: number, rows: number, seed = 1): AssetRows[] {
  const plant = new Plant({ pumps, seed, startAt });
  const decimals = [1, 2, 3, 2, 3, 2, 2, 1];
  const all = plant.pumps.map(({ asset }) => ({
    assetId: asset,
    at: new Float64Array(rows),
    values: new Float32Array(rows * 8),
    measured: new Uint8Array(rows * 8).fill(1),
  }));
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const [i, pump] of plant.pumps.entries()) {
      all[i].at[row] = at;
      for (let c = 0; c < 8; c++)
        all[i].values[row * 8 + c] = Math.round(pump.values[c] * 10 ** decimals[c]) / 10 ** decimals[c];
    }
  }
  return all;
}
