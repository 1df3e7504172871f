import { describe, expect, it } from 'vitest';
import { openShadow } from '../../../src/models/retraining/shadow.ts';
import type { Verdict } from '../../../src/types.ts';
import { assetAt, plainModel, until, windowOf } from '../support/fixtures.ts';
import { scriptedEngine } from '../support/scripted-engine.ts';

const shape = { length: 4, channels: 1 };
const rule = { raise: 1, clear: 0.9, raiseOn: { windows: 2, of: 3 }, clearAfter: 3 };
const asset = assetAt(0);

function optionsOf(failures: Error[] = []) {
  return {
    ...{ windowLength: 4, channels: 1, minCoverage: 0.7, forgetAfterMs: 1e12, rule },
    onFailure: (error: Error) => void failures.push(error),
  };
}

describe('shadow', () => {
  it('counts what both make of the live windows, each for itself', async () => {
    const { engine, open } = scriptedEngine(shape.channels, shape.length);
    const shadow = await openShadow(plainModel({ ...shape, threshold: 2 }), engine, optionsOf());
    for (let i = 0; i < 6; i++) {
      shadow.accept(windowOf(asset, i * 1000, { ...shape, value: i < 3 ? 5 : 0 }));
      const verdict = { kind: 'normal', asset, at: i * 1000, score: { value: 0.5 } };
      shadow.onVerdict(verdict as Verdict);
    }
    shadow.onVerdict({ kind: 'unknown', asset, at: 7000, reason: 'low_coverage' });
    await until(() => shadow.counts().challenger.windows === 6, 'the windows are scored');
    expect(shadow.counts()).toEqual({
      champion: { windows: 6, anomalous: 0, episodes: 0 },
      challenger: { windows: 6, anomalous: 3, episodes: 1 },
    });
    await shadow.stop();
    expect(open()).toBe(0);
  });

  it('says when it cannot score, and counts no window of that', async () => {
    const failures: Error[] = [];
    const scripted = scriptedEngine(shape.channels, shape.length);
    const shadow = await openShadow(plainModel(shape), scripted.engine, optionsOf(failures));
    scripted.failNext('score', new Error('no memory'));
    shadow.accept(windowOf(asset, 1000, shape));
    await until(() => failures.length === 1, 'the failure');
    expect(shadow.counts().challenger.windows).toBe(0);
    await shadow.stop();
    scripted.failNext('create', new Error('no session'));
    await expect(openShadow(plainModel(shape), scripted.engine, optionsOf())).rejects.toThrow('no session');
  });
});
