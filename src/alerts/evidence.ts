import type { AlertPriority, Asset, Channel, ChannelEvidence, Confidence, Score } from '../types.ts';

/** More channels than this do not fit into one sentence; the evidence lists all of them. */
const CHANNELS_IN_SUMMARY = 3;
/** A channel with a smaller part than this does not help the operator to look at the right place. */
const SHARE_IN_SUMMARY = 0.1;
/** Scores travel as 32-bit floats, which have no more decimal digits than this. */
const FLOAT_DIGITS = 6;

/** What an alert says of its cause. */
export interface ConditionDetails {
  /** One sentence for the operator. */
  readonly summary: string;
  /** Most guilty first; empty when it is not about channels. */
  readonly channels: readonly ChannelEvidence[];
  /** When left out it follows from the class's consequence. */
  readonly priority?: AlertPriority;
}

/** All channels of a score, most guilty first; values that are missing are null. */
export function evidenceOf(score: Score, channels: readonly Channel[]): readonly ChannelEvidence[] {
  const evidence = channels.map((channel, c) => ({
    channel: channel.name,
    unit: channel.unit,
    share: finite(score.attribution[c]) ?? 0,
    expected: finite(score.expected[c]),
    actual: finite(score.actual[c]),
  }));
  return evidence.sort((a, b) => b.share - a.share);
}

/** An anomaly: which machine, what reads wrong, what it should read, how sure. */
export function describeAnomaly(
  asset: Asset,
  channels: readonly ChannelEvidence[],
  confidence: Confidence | null = null,
): ConditionDetails {
  const told = channels.filter((one, rank) => rank === 0 || one.share >= SHARE_IN_SUMMARY);
  const parts = told.slice(0, CHANNELS_IN_SUMMARY).map((one, rank) => describeChannel(one, rank === 0));
  const what = parts.length === 0 ? 'behaves unusually' : parts.join(', ');
  const doubt = confidence === 'low' ? '; low confidence, its class has no trained model yet' : '';
  return { summary: `${nameOf(asset)}: ${what}${doubt}`, channels };
}

/** An asset that no longer publishes. */
export function describeSilence(asset: Asset): ConditionDetails {
  return { summary: `${nameOf(asset)}: sends no data any more`, channels: [] };
}

/** A channel that reads `value`, beyond its limit of the name and place given. */
export function describeLimit(
  asset: Asset,
  { name, unit }: Channel,
  value: number,
  limit: { readonly name: string; readonly place: number },
): Omit<ConditionDetails, 'priority'> {
  const actual = finite(value);
  const inUnit = unit === '' ? '' : ` ${unit}`;
  const what = `${name} reads ${actual}${inUnit}, and its limit ${limit.name} is ${finite(limit.place)}${inUnit}`;
  const channels = [{ channel: name, unit, share: 1, expected: null, actual }];
  return { summary: `${nameOf(asset)}: ${what}`, channels };
}

/** `pump-3 (north/1)` when the topic names the asset, else its id. */
function nameOf(asset: Asset): string {
  const { asset: name, ...place } = asset.labels;
  if (name === undefined) return asset.id;
  const where = Object.values(place).join('/');
  return where === '' ? name : `${name} (${where})`;
}

function describeChannel(one: ChannelEvidence, first: boolean): string {
  const unit = one.unit === '' ? '' : ` ${one.unit}`;
  const percent = `${Math.round(one.share * 100)} %`;
  const share = first ? `${percent} of the score` : percent;
  if (one.actual === null) return `${one.channel} is missing (${share})`;
  const verb = first ? ' reads' : '';
  const reading = `${one.channel}${verb} ${readable(one.actual)}${unit}`;
  if (one.expected === null) return `${reading} (${share})`;
  return `${reading} where ${readable(one.expected)}${first ? ' is expected' : ''} (${share})`;
}

/** Three digits are as much as a person compares at a glance. */
function readable(value: number): string {
  return String(Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3)));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(FLOAT_DIGITS)) : null;
}
