import type { Asset, Channel, Row, Score } from '../../types.ts';
import { floatOf, keyOf, lineOf, stringOf } from './line-protocol.ts';
import { assetTags } from './point-tags.ts';

/** Points of what every asset gives all the time; null where there is nothing to write. */
export interface TelemetryLines {
  /** `forewarn_score`: the score, and the channel with the largest part in it. */
  score(score: Score): string | null;
  /** `forewarn_row`: what was measured, a field a channel. */
  row(row: Row): string | null;
  /** `forewarn_channel_error`: for each channel measured minus expected, in its unit, and its share of the score. */
  channelErrors(score: Score): string | null;
}

interface ClassNames {
  readonly strings: readonly string[];
  readonly rowKeys: readonly string[];
  readonly errorKeys: readonly string[];
  readonly shareKeys: readonly string[];
}

/** Makes lines at a price of about a microsecond: the tags of each asset and the names of each class are made once. */
export function createTelemetryLines(channelsOf: (className: string) => readonly Channel[]): TelemetryLines {
  /** By asset index. */
  const tags: string[] = [];
  const namesByClass = new Map<string, ClassNames>();

  const tagsOf = (asset: Asset): string => {
    tags[asset.index] ??= assetTags(asset);
    return tags[asset.index];
  };

  const namesOf = (asset: Asset): ClassNames => {
    const known = namesByClass.get(asset.className);
    if (known !== undefined) return known;
    const names = classNames(channelsOf(asset.className), asset);
    namesByClass.set(asset.className, names);
    return names;
  };

  return {
    score({ asset, at, value, attribution }) {
      if (!Number.isFinite(value)) return null;
      const top = largest(attribution);
      const guilty =
        top === -1 ? '' : `,channel=${namesOf(asset).strings[top]},share=${shortOf(attribution[top])}`;
      return `forewarn_score${tagsOf(asset)} score=${shortOf(value)}${guilty} ${Math.round(at)}`;
    },
    row({ asset, at, values, measured }) {
      const { rowKeys } = namesOf(asset);
      const fields = rowKeys.map((key, c) => [key, measured[c] === 1 ? values[c] : null] as const);
      return lineOf('forewarn_row', tagsOf(asset), fields, at);
    },
    channelErrors({ asset, at, attribution, expected, actual }) {
      const { errorKeys, shareKeys } = namesOf(asset);
      const fields = errorKeys.flatMap((key, c) => [
        [key, actual[c] - expected[c]] as const,
        [shareKeys[c], attribution[c]] as const,
      ]);
      return lineOf('forewarn_channel_error', tagsOf(asset), fields, at);
    },
  };
}

/** A channel that has the name of a tag gets another name: a query could not tell the two apart. */
function classNames(channels: readonly Channel[], asset: Asset): ClassNames {
  const tags = new Set(['asset', 'class', 'time', ...Object.keys(asset.labels)]);
  const names = channels.map(({ name }) => name);
  return {
    strings: names.map(stringOf),
    rowKeys: names.map((name) => keyOf(tags.has(name) ? `channel_${name}` : name)),
    errorKeys: names.map((name) => keyOf(`error_${name}`)),
    shareKeys: names.map((name) => keyOf(`share_${name}`)),
  };
}

/** Six decimals, which is much for a score and a share: every byte of a score is sent thousands of times a second. */
function shortOf(value: number): string {
  return Math.abs(value) < 1e6 ? String(Math.round(value * 1e6) / 1e6) : floatOf(value);
}

/** Index of the largest finite value; -1 when there is none. */
function largest(values: Float32Array): number {
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]) && (best === -1 || values[i] > values[best])) best = i;
  }
  return best;
}
