import { describe, expect, it } from 'vitest';
import { plainModel, until } from './support/fixtures.ts';
import { benchOf, brief, model, shape, slow, window } from './support/scorer-bench.ts';

describe('models of a scorer', () => {
  it('changes models between batches: the one in the engine keeps its own, the waiting ones get the new', async () => {
    const { scorer, scripted, verdicts } = benchOf({ batch: 2 });
    await scorer.use(model, scripted.engine);
    scripted.hold();
    for (let at = 0; at < 4; at++) scorer.accept(window(at, 2));
    const swapped = scorer.use(plainModel({ ...shape, id: 'next', threshold: 4 }), scripted.engine);
    await until(() => scripted.open() === 2, 'the second session');
    scripted.release();
    await Promise.all([swapped, scorer.settled()]);
    expect(brief(verdicts)).toEqual(['0 2.00', '1 2.00', '2 0.50', '3 0.50']);
    expect(verdicts.map((verdict) => (verdict.kind === 'unknown' ? '' : verdict.score.model))).toEqual([
      model.card.id,
      model.card.id,
      'next',
      'next',
    ]);
    expect(scripted.open()).toBe(1);
  });

  it('starts running means afresh with a new model', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    for (const at of [1, 2]) {
      await scorer.use(slow, scripted.engine);
      scorer.accept(window(at, 1));
      await scorer.settled();
    }
    expect(brief(verdicts)).toEqual(['1 0.50', '2 0.50']);
  });

  it('keeps the model in use when the next one cannot be prepared', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    await scorer.use(model, scripted.engine);
    scripted.failNext('create', new Error('does not fit'));
    await expect(scorer.use(plainModel({ ...shape, id: 'bad' }), scripted.engine)).rejects.toThrow(
      'does not fit',
    );
    scorer.accept(window(1));
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 0.50']);
  });

  it('loses no session when two models are put in use at once, or one while it stops', async () => {
    const { scorer, scripted } = benchOf();
    await Promise.all([scorer.use(model, scripted.engine), scorer.use(model, scripted.engine)]);
    expect(scripted.open()).toBe(1);
    const late = scorer.use(model, scripted.engine);
    await Promise.all([scorer.stop(), late]);
    expect(scripted.open()).toBe(0);
  });
});
