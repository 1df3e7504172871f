import type { Engine, ScoringOptions, ScoringSession } from './engine.ts';
import { quantileOf } from './scaling.ts';

const runs = 7;
/** A run is at least this long, so that timers and a first slow call do not count. */
const leastMs = 40;

/**
 * Windows a second of one network over another's on the same batch, raw units `[B x T x C]`: the median of several runs,
 * which alternate so that whatever else the machine does slows both.
 */
export async function measureSpeedUp(
  engine: Engine,
  network: ScoringOptions,
  reference: ScoringOptions,
  windows: Float32Array,
  batch: number,
): Promise<number> {
  const sessions: ScoringSession[] = [];
  try {
    for (const options of [network, reference]) sessions.push(await engine.createScoring(options));
    const [one, other] = sessions;
    const ratios: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const ms = await msPerBatch(one, windows, batch);
      const referenceMs = await msPerBatch(other, windows, batch);
      // The first run warms up.
      if (run > 0) ratios.push(referenceMs / ms);
    }
    return quantileOf(ratios, 0.5);
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

async function msPerBatch(session: ScoringSession, windows: Float32Array, batch: number): Promise<number> {
  const startedAt = performance.now();
  let batches = 0;
  let elapsed = 0;
  while (elapsed < leastMs) {
    await session.score(windows, batch);
    batches++;
    elapsed = performance.now() - startedAt;
  }
  return elapsed / batches;
}
