import { describe, expect, it } from 'vitest';
import type { Scorer } from '../../src/models/scorer.ts';
import type { Verdict } from '../../src/types.ts';
import { plainDetector, until, windowOf } from './support/fixtures.ts';
import { benchOf, brief, model, press, pump, shape, slow, window } from './support/scorer-bench.ts';

describe('scorer', () => {
  it('takes what changed over a gap for no step of what goes from row to row', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    const source = {
      kind: 'vector_autoregression',
      now: null,
      before: Float32Array.of(1, 0, 0, 1),
      offset: new Float32Array(2),
    } as const;
    const detector = plainDetector(2, { source: source.kind, smoothing: 0.5 });
    await scorer.use({ ...model, linear: [source], calibration: { detectors: [detector] } }, scripted.engine);
    const step = (at: number, gap: boolean) => {
      const made = windowOf(pump, at, { ...shape, value: 1 });
      // The last row is 4 more than the one before, in which nothing may have been measured.
      made.values.fill(5, 6);
      if (gap) made.measured.fill(0, 4, 6);
      return made;
    };
    scorer.accept(step(1, true));
    scorer.accept(step(2, false));
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 0.00', '2 2.00']);
  });

  it('judges an asset by what the model holds of it, and others by what holds for the class', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    const assets = { [press.id]: [{ mean: Float32Array.of(0.25, 0.25), factor: 2 }] };
    await scorer.use({ ...model, calibration: { ...model.calibration, assets } }, scripted.engine);
    for (const asset of [pump, press]) scorer.accept(windowOf(asset, 1, { ...shape, value: 0.75 }));
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 0.75', '1 1.00']);
    // Another model holds nothing of it.
    await scorer.use(model, scripted.engine);
    scorer.accept(windowOf(press, 2, { ...shape, value: 0.75 }));
    await scorer.settled();
    expect(brief(verdicts).at(-1)).toBe('2 0.75');
  });

  it('says learning at once while there is no model', () => {
    const { scorer, verdicts } = benchOf();
    scorer.accept(window(1));
    expect(verdicts).toEqual([{ kind: 'unknown', asset: pump, at: 1, reason: 'learning' }]);
    expect(scorer.stats()).toMatchObject({ scored: 0, waiting: 0 });
  });

  it('starts an asset with a fresh running mean after a gap, and when its clock was set back', async () => {
    const { scorer, scripted, verdicts } = benchOf({ forgetAfterMs: 10 });
    await scorer.use(slow, scripted.engine);
    for (const at of [1, 2, 12, 23, 5]) scorer.accept(window(at, 4));
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 2.00', '2 3.00', '12 3.50', '23 2.00', '5 2.00']);
  });

  it('scores windows of several assets together and in order', async () => {
    const { scorer, scripted, verdicts, calls } = benchOf();
    await scorer.use(model, scripted.engine);
    for (let at = 0; at < 10; at++)
      scorer.accept(windowOf(at % 2 ? press : pump, at, { ...shape, value: at }));
    expect(scorer.stats().waiting).toBe(10);
    await scorer.settled();
    // The residual is the value itself, so the score is too; from 1 on it is anomalous.
    expect(brief(verdicts)).toEqual(Array.from({ length: 10 }, (_, at) => `${at} ${at}.00`));
    expect(verdicts.map(({ kind }) => kind)).toEqual(['normal', ...Array(9).fill('anomalous')]);
    expect(verdicts.map(({ asset }) => asset.index)).toEqual([0, 7, 0, 7, 0, 7, 0, 7, 0, 7]);
    expect(scripted.batches).toEqual([4, 4, 2]);
    expect(calls).toEqual([4, 4, 2]);
    expect(scorer.stats()).toEqual({ scored: 10, overloaded: 0, failed: 0, waiting: 0 });
  });

  it('sends a full batch at once and a smaller one after its wait', async () => {
    const { scorer, scripted, verdicts } = benchOf({ waitMs: 5 });
    await scorer.use(model, scripted.engine);
    for (let at = 0; at < 4; at++) scorer.accept(window(at));
    expect(scripted.batches).toEqual([4]);
    scorer.accept(window(4));
    expect(scripted.batches).toEqual([4]);
    await until(() => verdicts.length === 5, 'the last verdict');
    expect(scripted.batches).toEqual([4, 1]);
  });

  it('does not forget a window that comes between the last verdict and the end of the batch', async () => {
    let scorer: Scorer | null = null;
    const seen: number[] = [];
    const bench = benchOf({
      onVerdict({ at }) {
        seen.push(at);
        if (at < 3) queueMicrotask(() => scorer?.accept(window(at + 1)));
      },
    });
    scorer = bench.scorer;
    await scorer.use(model, bench.scripted.engine);
    scorer.accept(window(0));
    // Nobody calls `settled`: the scorer must go on by itself.
    await until(() => seen.length === 4, 'the fourth verdict');
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  it('copies the window, whose memory belongs to the grid', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    await scorer.use(model, scripted.engine);
    const pooled = window(1, 3);
    scorer.accept(pooled);
    pooled.values.fill(99);
    pooled.measured.fill(0);
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 3.00']);
  });

  it('says what it expected and what it saw, in raw units', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    const scaling = { center: Float32Array.of(10, 10), scale: Float32Array.of(2, 4), clip: 10 };
    await scorer.use({ ...model, scaling }, scripted.engine);
    scorer.accept(window(1, 3));
    await scorer.settled();
    const [verdict] = verdicts;
    if (verdict.kind === 'unknown') throw new Error('not scored');
    // The scripted residual is 3 scaled units: 3 * 2 and 3 * 4 above what was expected.
    expect([...verdict.score.expected]).toEqual([3 - 6, 3 - 12]);
    expect([...verdict.score.actual]).toEqual([3, 3]);
    expect([...verdict.score.attribution]).toEqual([0.5, 0.5]);
    expect(verdict.score).toMatchObject({ asset: pump, at: 1, model: model.card.id });
  });

  it('gives thin windows, and an empty last row, no score and no influence', async () => {
    const { scorer, scripted, verdicts } = benchOf();
    await scorer.use(slow, scripted.engine);
    scorer.accept(window(1, 8, { coverage: 0.69 }));
    scorer.accept(window(2, 8, { missing: [0, 1] }));
    scorer.accept(window(3, 1, { coverage: 0.7 }));
    await scorer.settled();
    expect(brief(verdicts)).toEqual(['1 low_coverage', '2 low_coverage', '3 0.50']);
    expect(scorer.stats().scored).toBe(1);
  });

  it('lets a missing channel keep its part in what is smoothed, and gives it none in what is not', async () => {
    const squares: number[] = [];
    for (const one of [slow, model]) {
      const { scorer, scripted, verdicts } = benchOf();
      await scorer.use(one, scripted.engine);
      scorer.accept(window(1, 4));
      scorer.accept(window(2, 0, { missing: [1] }));
      await scorer.settled();
      const last = verdicts[1];
      if (last.kind === 'unknown') throw new Error('not scored');
      squares.push(2 * last.score.value ** 2);
      expect(last.score.actual[0]).toBe(0);
      expect(last.score.actual[1]).toBeNaN();
      // The held value stands in for what was expected.
      expect([...last.score.expected]).toEqual([0, 0]);
    }
    // Running means (2, 2), then (1, 2): channel 1 stays where it was. Without smoothing both are at 0.
    expect(squares[0]).toBeCloseTo(1 + 4, 5);
    expect(squares[1]).toBe(0);
  });

  it('gives up the oldest waiting batch when it cannot keep up, each window by name', async () => {
    const { scorer, scripted, verdicts } = benchOf({ batch: 2, mostWaiting: 4 });
    await scorer.use(model, scripted.engine);
    scripted.hold();
    // 0 and 1 go to the engine; 2 to 5 wait; 6 and 8 each push two out.
    for (let at = 0; at < 9; at++) scorer.accept(window(at));
    expect(brief(verdicts)).toEqual(['2 overloaded', '3 overloaded', '4 overloaded', '5 overloaded']);
    expect(scorer.stats()).toEqual({ scored: 0, overloaded: 4, failed: 0, waiting: 5 });
    scripted.release();
    await scorer.settled();
    expect(brief(verdicts).slice(4)).toEqual(['0 0.50', '1 0.50', '6 0.50', '7 0.50', '8 0.50']);
    expect(scorer.stats()).toEqual({ scored: 5, overloaded: 4, failed: 0, waiting: 0 });
  });

  it('goes on after the engine failed, whatever it threw', async () => {
    const { scorer, scripted, verdicts, failures } = benchOf({ batch: 2 });
    await scorer.use(model, scripted.engine);
    scripted.failNext('score', new Error('no memory'));
    scripted.failNext('score', 'only text');
    for (let at = 0; at < 5; at++) scorer.accept(window(at));
    await scorer.settled();
    expect(brief(verdicts)).toEqual([
      '0 engine_failed',
      '1 engine_failed',
      '2 engine_failed',
      '3 engine_failed',
      '4 0.50',
    ]);
    expect(failures.map(({ message }) => message)).toEqual(['no memory', 'only text']);
    expect(scorer.stats()).toEqual({ scored: 1, overloaded: 0, failed: 4, waiting: 0 });
  });

  it('keeps the order when the model is taken away while windows wait', async () => {
    const { scorer, scripted, verdicts } = benchOf({ batch: 2 });
    await scorer.use(model, scripted.engine);
    scripted.hold();
    for (let at = 0; at < 3; at++) scorer.accept(window(at));
    const gone = scorer.use(null, scripted.engine);
    scorer.accept(window(3));
    scripted.release();
    await Promise.all([gone, scorer.settled()]);
    expect(brief(verdicts)).toEqual(['0 0.50', '1 0.50', '2 learning', '3 learning']);
  });

  it('gives every verdict before stop is done, and stops twice', async () => {
    const { scorer, scripted, verdicts } = benchOf({ waitMs: 60_000 });
    await scorer.use(model, scripted.engine);
    for (let at = 0; at < 6; at++) scorer.accept(window(at));
    await scorer.stop();
    expect(verdicts.length).toBe(6);
    expect(scripted.open()).toBe(0);
    await scorer.stop();
    scorer.accept(window(9));
    expect(brief(verdicts).slice(6)).toEqual(['9 learning']);
  });

  it('does not take the fault of who hears the verdicts for one of the engine', async () => {
    let heard = 0;
    const { scorer, scripted, failures } = benchOf({
      onVerdict() {
        if (++heard === 2) throw new Error('the journal is full');
      },
    });
    await scorer.use(model, scripted.engine);
    for (let at = 0; at < 3; at++) scorer.accept(window(at));
    await expect(scorer.settled()).rejects.toThrow('the journal is full');
    expect(failures).toEqual([]);
    expect(scorer.stats()).toMatchObject({ failed: 0, waiting: 0 });
  });

  it('goes on from windows that it scored again, which count for nothing', async () => {
    const whole = benchOf();
    await whole.scorer.use(slow, whole.scripted.engine);
    const next = benchOf();
    await next.scorer.use(slow, next.scripted.engine);
    for (const at of [0, 1, 2, 3]) whole.scorer.accept(window(at, 2));
    const past: Verdict[] = [];
    await next.scorer.replay(
      () => {
        for (const at of [0, 1]) next.scorer.accept(window(at, 2));
        return Promise.resolve();
      },
      (verdict) => past.push(verdict),
    );
    for (const at of [2, 3]) next.scorer.accept(window(at, 2));
    await Promise.all([whole.scorer.settled(), next.scorer.settled()]);
    expect(brief([...past, ...next.verdicts])).toEqual(brief(whole.verdicts));
    expect(brief(next.verdicts)).toEqual(brief(whole.verdicts.slice(2)));
    expect(next.scorer.stats().scored).toBe(2);
    expect(next.calls.reduce((sum, windows) => sum + windows, 0)).toBe(2);
  });
});
