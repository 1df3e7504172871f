import { join } from 'node:path';
import type { StreamTrace } from '../evaluation/trace.ts';
import type { SourceKind } from '../models/decision/detector.ts';
import { onlySources } from '../models/only-sources.ts';
import type { TrainedModels } from '../models/training-process.ts';
import { type WatchedGroup, type WatchOptions, watchGroup } from './evaluate-watch.ts';

const everySource: readonly SourceKind[] = ['network', 'vector_autoregression', 'pca', 'robust_z'];

/** What the class makes of a group, and what each source would by itself. */
export interface WatchedBySource extends WatchedGroup {
  readonly bySource: ReadonlyMap<SourceKind, readonly StreamTrace[]>;
}

/**
 * Trains once with every source there is, and sends the rows through the data path with those that the class has, and then
 * with each one alone.
 */
export async function watchBySource(options: WatchOptions): Promise<WatchedBySource> {
  let trained: TrainedModels | null = null;
  const watched = await watchGroup({
    ...options,
    async train(order, onProgress, signal) {
      trained = await options.train({ ...order, sources: everySource }, onProgress, signal);
      return { ...trained, model: onlySources(trained.model, order.sources) };
    },
  });
  const all = trained as TrainedModels | null;
  const bySource = new Map<SourceKind, readonly StreamTrace[]>();
  for (const kind of new Set(all?.model.calibration.detectors.map(({ source }) => source))) {
    const alone = await watchGroup({
      ...options,
      attribution: false,
      config: { ...options.config, stateDir: join(options.config.stateDir, kind) },
      train: async () => ({ ...all!, model: onlySources(all!.model, [kind]), student: null }),
    });
    bySource.set(kind, alone.traces);
  }
  return { ...watched, bySource };
}
