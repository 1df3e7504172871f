import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classBench, happened, night } from './support/class-bench.ts';

describe('a retrainer that starts', () => {
  it('takes up after a kill what was tried and what waited', async () => {
    const bench = await classBench();
    const model = await night(bench);
    const again = await classBench({}, bench.directory);
    expect(again.retrainer.status()).toMatchObject({ phase: 'shadowing', challenger: model.card.id });
    expect(again.shadows.map(({ card }) => card.id)).toEqual([model.card.id]);

    const manual = await classBench({ mode: 'manual', shadowForMs: 0 });
    const waiting = await night(manual);
    const later = await classBench({ mode: 'manual' }, manual.directory);
    expect(later.retrainer.status()).toMatchObject({ phase: 'waiting', challenger: waiting.card.id });
  });

  it('finishes in words the promotion that a kill cut short', async () => {
    const bench = await classBench();
    const model = await night(bench);
    // The pointer is written, its line in the history is not.
    bench.registry.promote('pump', model.card.id);
    const again = await classBench({}, bench.directory);
    expect(happened(again).at(-1)).toBe('promoted found_in_use');
    expect(again.retrainer.status()).toMatchObject({ phase: 'idle', challenger: null });
    expect(again.shadows).toEqual([]);
  });

  it('is not stopped by a challenger whose files are damaged', async () => {
    const bench = await classBench();
    const model = await night(bench);
    writeFileSync(join(bench.directory, 'models/pump', model.card.id, 'weights.bin'), 'oh');
    const again = await classBench({}, bench.directory);
    expect(happened(again).at(-1)).toBe('failed model_malformed');
    expect(again.retrainer.status().phase).toBe('idle');
  });
});
