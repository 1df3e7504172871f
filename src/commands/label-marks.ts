import type { Exclusion } from '../history/exclusions.ts';

/** Collects the times that labels mark, as stretches that training leaves out. */
export interface LabelMarks {
  /** In order of time for each asset, as far as possible: neighbours become one stretch. */
  add(assetId: string, at: number): void;
  list(): Exclusion[];
}

/** Each marked time with half a step of the grid on either side, since the grid has a phase of its own. */
export function createLabelMarks(sampleEveryMs: number): LabelMarks {
  const half = sampleEveryMs / 2;
  const marks: Exclusion[] = [];
  return {
    add(assetId, at) {
      const [from, to] = [at - half, at + half];
      const last = marks.at(-1);
      if (last !== undefined && last.assetId === assetId && from <= last.to && from >= last.from)
        marks[marks.length - 1] = { ...last, to };
      else marks.push({ assetId, from, to, reason: 'labelled' });
    },
    list: () => marks,
  };
}
