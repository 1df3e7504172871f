import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../../src/models/registry.ts';
import { createLifeLog } from '../../../src/models/retraining/life-log.ts';
import { plainModel, temporaryDirectory } from '../support/fixtures.ts';

const built = join(import.meta.dirname, '../../../dist');
const promoter = join(import.meta.dirname, 'support/crash-promoter.mjs');

/** Lets it promote `versions` models and kills it so long after; gives the last number that it said was in use. */
async function killAfter(directory: string, versions: number, ms: number): Promise<number> {
  const child = spawn(process.execPath, [promoter, built, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let killing = false;
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
    if (killing || output.split('\n').length <= versions) return;
    killing = true;
    setTimeout(() => child.kill('SIGKILL'), ms);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Number(output.trim().split('\n').at(-1));
}

describe('kill -9 in promotions', { timeout: 60_000 }, () => {
  it('always leaves a whole champion, the last that was said to be in use or a later one', async () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const first = plainModel({ channels: 2, seed: 3 });
    registry.save(first);
    registry.promote('pump', first.card.id);
    // Steps take from a few tenths of a millisecond to some: kills fall into all of them.
    for (let kill = 0; kill < 12; kill++) {
      const said = await killAfter(directory, 1 + kill, (kill * 1.7) % 9);
      const champion = registry.champion('pump');
      // Loading checks every byte that decides a score against the hash.
      expect(champion?.card.hash).toBe(first.card.hash);
      expect(champion!.card.number).toBeGreaterThanOrEqual(said);
      expect(champion!.card.number).toBeLessThanOrEqual(said + 2);
      const promoted = createLifeLog(directory)
        .events('pump')
        .filter(({ kind }) => kind === 'promoted');
      if (said > 1) expect(promoted.map(({ at }) => at)).toContain(said);
      for (const { card } of registry.list('pump')) expect(registry.load('pump', card.id).card).toEqual(card);
    }
    registry.prune('pump', 2);
    expect(registry.list('pump').length).toBeLessThanOrEqual(3);
  });
});
