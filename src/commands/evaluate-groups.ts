import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationGroup, GroupSource } from '../evaluation/protocol.ts';
import {
  fitReferences,
  flagAllDetector,
  type ReferenceDetector,
  randomDetector,
} from '../evaluation/reference-detectors.ts';
import type { Scoreboard } from '../evaluation/scoreboard.ts';
import type { StreamTrace } from '../evaluation/trace.ts';
import type { Logger } from '../log.ts';
import type { Engine } from '../models/engine.ts';
import { createRandom } from '../models/random.ts';
import { trainInChild } from '../models/training-process.ts';
import type { CommandContext } from './context.ts';
import { groupConfig, type OwnSettings } from './evaluate-config.ts';
import { dynamicFlags } from './evaluate-dynamic.ts';
import { type WatchedBySource, watchBySource } from './evaluate-sources.ts';
import { messagesOf, type WatchOptions, watchGroup } from './evaluate-watch.ts';
import type { Progress } from './progress.ts';

export interface GroupRun {
  readonly protocol: string;
  readonly sources: readonly GroupSource[];
  readonly seeds: number;
  readonly own: OwnSettings | null;
  readonly engine: Engine;
  readonly log: Logger;
  readonly stateDir: string;
  readonly keepTraces: boolean;
  /** Add a row for each source by itself, and one for another threshold on the scores of all. */
  readonly eachSource: boolean;
  /** How many models are trained and watched at a time. */
  readonly sideBySide: number;
  readonly scoreboard: Scoreboard;
  readonly progress: Progress;
  readonly context: CommandContext;
}

export interface GroupsSeen {
  /** Of the first seed's test streams; empty unless they were to be kept. */
  readonly traces: readonly StreamTrace[];
  /** Groups without a model, with the reason. */
  readonly untrained: Readonly<Record<string, string>>;
  readonly models: number;
  readonly trainSeconds: number;
}

/** Runs every group with every seed through the data path and the reference detectors; the scoreboard gets all of it. */
export async function runGroups(run: GroupRun): Promise<GroupsSeen> {
  const { sources, seeds, scoreboard, progress } = run;
  const traces: StreamTrace[] = [];
  const untrained: Record<string, string> = {};
  let trainSeconds = 0;
  let done = 0;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, run.context.signal]);
  for await (const { group, seed, watched } of inOrder(jobsOf(run, signal), run.sideBySide, stop)) {
    progress.show('evaluating', ++done / (sources.length * seeds), `${group.name}, seed ${seed}`);
    trainSeconds += watched.trainSeconds;
    if (watched.untrained !== null) untrained[group.name] = watched.untrained;
    const add = (detector: string, seen: readonly StreamTrace[]): void => {
      for (const [i, { score: scores, flagged: flags }] of seen.entries()) {
        const stream = group.streams[i];
        scoreboard.add({ detector, seed, stream, rowMs: group.sampleEveryMs, scores, flags });
      }
    };
    add('forewarn', watched.traces);
    for (const [kind, alone] of watched.bySource) add(`source_${kind}`, alone);
    // Of one seed, since it takes half a millisecond a row.
    if (run.eachSource && seed === 1) {
      add(
        'dynamic_threshold',
        watched.traces.map((trace) => ({ ...trace, flagged: dynamicFlags(trace) })),
      );
    }
    if (run.keepTraces && seed === 1)
      traces.push(...watched.traces.filter((_, i) => group.streams[i].role === 'test'));
    if (seed === seeds) addReferences(group, done, run);
  }
  progress.next();
  return { traces, untrained, models: done, trainSeconds };
}

interface Job {
  readonly group: EvaluationGroup;
  readonly seed: number;
  readonly watched: WatchedBySource;
}

/** A group is read when its first job is asked for. */
function* jobsOf(run: GroupRun, signal: AbortSignal): Generator<() => Promise<Job>> {
  for (const [index, source] of run.sources.entries()) {
    const group = source.load();
    const messages = group.streams.map(messagesOf);
    for (let seed = 1; seed <= run.seeds; seed++) {
      const stateDir = join(run.stateDir, `${index}-${seed}`);
      const config = groupConfig({ ...run, group, seed, stateDir });
      yield async () => {
        const options: WatchOptions = {
          ...run,
          group,
          messages,
          config,
          train: (order, onProgress, abort) => trainInChild(order, config.engine, onProgress, abort),
          attribution: run.keepTraces && seed === 1,
          signal,
        };
        const watched = run.eachSource
          ? await watchBySource(options)
          : { ...(await watchGroup(options)), bySource: new Map() };
        rmSync(stateDir, { recursive: true, force: true });
        return { group, seed, watched };
      };
    }
  }
}

/** Runs `width` jobs side by side and gives their results in the order of the jobs; a failure stops the others. */
async function* inOrder<T>(
  jobs: Iterable<() => Promise<T>>,
  width: number,
  stop: AbortController,
): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  try {
    for (const job of jobs) {
      const started = job();
      // It is awaited in its turn; until then a failure is not forgotten, only not yet looked at.
      started.catch(() => undefined);
      running.push(started);
      if (running.length >= width) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}

function addReferences(group: EvaluationGroup, index: number, { seeds, scoreboard }: GroupRun): void {
  const add = (detector: string, seed: number, score: ReferenceDetector) => {
    for (const stream of group.streams) {
      if (stream.role === 'train') continue;
      const scores = score(stream);
      const flags = Uint8Array.from(scores, (value) => (value > 1 ? 1 : 0));
      scoreboard.add({ detector, seed, stream, rowMs: group.sampleEveryMs, scores, flags });
    }
  };
  for (let seed = 1; seed <= seeds; seed++) {
    add('random', seed, randomDetector(createRandom(seed * 100_003 + index).uniform));
  }
  add('flag_all', 1, flagAllDetector);
  const { zscore, pca } = fitReferences(group);
  add('zscore', 1, zscore);
  add('pca', 1, pca);
}
