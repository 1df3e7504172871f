import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type AssetRows, joinRows, rowsWithin } from './asset-rows.ts';
import type { OpenChunk } from './open-chunk.ts';
import { asChannels, readSegment, segmentAssets, segmentValues } from './segment.ts';
import type { SegmentEntry, SegmentFolder } from './segment-folder.ts';

/** Which rows; times are inclusive, and what is absent restricts nothing. */
export interface HistoryQuery {
  readonly assets?: readonly string[];
  readonly from?: number;
  readonly to?: number;
}

/** The most values that one read of a history gives (320 MB). */
export const mostValues = 64_000_000;

export interface SegmentReader {
  rows(className: string, query: HistoryQuery, names: readonly string[]): Promise<AssetRows[]>;
  assets(className: string): Promise<string[]>;
}

/** Reads segments and, from `unsealed`, what is not yet in one. */
export function createSegmentReader(options: {
  readonly folder: Pick<SegmentFolder, 'list' | 'fileOf' | 'setAside'>;
  unsealed(className: string): readonly OpenChunk[];
  /** One read gives no more than this. */
  readonly mostValues: number;
  readonly log: Logger;
}): SegmentReader {
  const { folder, unsealed, mostValues, log } = options;

  const setAside = async (entry: SegmentEntry, error: ForewarnError): Promise<void> => {
    // Another read may have been quicker.
    if (!folder.list().includes(entry)) return;
    log.error(
      { class: entry.className, rows: entry.rows, error: error.message },
      'a segment of the history is damaged; it is set aside',
    );
    await folder.setAside(entry);
  };

  /** What `use` makes of a segment; null for one that is damaged, or that was pruned meanwhile. */
  const attempt = async <T>(entry: SegmentEntry, use: (file: string) => Promise<T>): Promise<T | null> => {
    const file = folder.fileOf(entry);
    try {
      return await use(file);
    } catch (error) {
      if (error instanceof ForewarnError) await setAside(entry, error);
      else if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        throw new ForewarnError('HISTORY_UNREADABLE', `${file} cannot be read: ${messageOf(error)}`, {
          cause: error,
          retryable: true,
        });
      return null;
    }
  };

  /** In order of arrival. */
  const entriesOf = (className: string): SegmentEntry[] =>
    folder
      .list()
      .filter((entry) => entry.className === className && !entry.damaged)
      .sort((a, b) => a.number - b.number);

  return {
    async rows(className, asked, names) {
      const { assets, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = asked;
      const ids = assets === undefined ? null : new Set(assets);
      const query = { from, to, wants: (assetId: string) => ids === null || ids.has(assetId) };
      const pieces = new Map<string, AssetRows[]>();
      const add = (rows: AssetRows): void => {
        const known = pieces.get(rows.assetId);
        if (known === undefined) pieces.set(rows.assetId, [rows]);
        else known.push(rows);
      };
      const entries = entriesOf(className).filter((entry) => entry.to >= from && entry.from <= to);
      // Before anything is awaited: a chunk that is sealed meanwhile would be in neither.
      const latest = unsealed(className).flatMap((chunk) =>
        [...chunk.rowsOf(query.wants)].map((rows) => asChannels(rows, chunk.channels, names)),
      );
      let values = latest.reduce((sum, rows) => sum + rows.values.length, 0);
      for (const entry of entries)
        values += (await attempt(entry, (file) => segmentValues(file, query))) ?? 0;
      if (values > mostValues)
        throw new ForewarnError(
          'HISTORY_TOO_LARGE',
          `The rows of class ${className} that were asked for have ${values} values; at most ${mostValues} are read at once.`,
          { hint: 'Ask for a shorter time or for fewer assets.' },
        );
      for (const entry of entries)
        for (const rows of (await attempt(entry, (file) => readSegment(file, query, names))) ?? []) add(rows);
      for (const rows of latest) add(rows);
      return [...pieces]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, parts]) => rowsWithin(joinRows(id, parts, names.length), from, to, names.length))
        .filter(({ at }) => at.length > 0);
    },

    async assets(className) {
      const ids = new Set(unsealed(className).flatMap((chunk) => chunk.assets()));
      for (const entry of entriesOf(className))
        for (const id of (await attempt(entry, segmentAssets)) ?? []) ids.add(id);
      return [...ids].sort();
    },
  };
}
