import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createRegistry } from '../../../src/models/registry.ts';
import { historyIn } from '../../history/support/rows.ts';
import { plainModel } from '../../models/support/fixtures.ts';

const startAt = Date.UTC(2026, 2, 1);
const second = 1000;
export const rows = 600;

/** The reading of an asset: its score, since the model expects about 0. Two deviations of 1.5, and one of 4. */
function reading(asset: string, row: number): number {
  if (asset === 'pump-1' && row >= 100 && row < 120) return 1.5;
  if (asset === 'pump-1' && row >= 300 && row < 320) return -1.5;
  if (asset === 'pump-2' && row >= 400 && row < 420) return 4;
  return 0;
}

/** A state directory with the rows of two pumps, and with a model unless it is said otherwise. */
export async function plantFolder(withModel = true): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-preview-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const document = {
    state_dir: 'state',
    engine: 'onnx',
    classes: {
      pump: {
        topic: 'plant/{asset}/telemetry',
        channels: { 'channel-0': { limits: { h: 6 } } },
        sample_every: '1s',
        window: { length: 4 },
      },
    },
  };
  writeFileSync(join(folder, 'forewarn.yaml'), JSON.stringify(document));
  const history = await historyIn(join(folder, 'state/history'), { channelsOf: () => ['channel-0'] });
  for (const [index, id] of ['pump-1', 'pump-2'].entries()) {
    for (let row = 0; row < rows; row++) {
      history.append({
        asset: { index, id, className: 'pump', labels: {} },
        at: startAt + row * second,
        values: Float32Array.of(reading(id, row)),
        measured: Uint8Array.of(1),
      });
    }
  }
  await history.flush();
  if (withModel) {
    const registry = createRegistry(join(folder, 'state/models'));
    const model = plainModel({ length: 4 });
    registry.save(model);
    registry.promote('pump', model.card.id);
  }
  return folder;
}
