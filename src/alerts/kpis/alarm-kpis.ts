import type { AlertPriority, AlertRule } from '../../types.ts';
import { floods, TEN_MINUTES_MS } from './alarm-flood.ts';
import type { AlarmRecord } from './alarm-record.ts';

/** An alarm: one rule on one asset. */
export interface AlarmName {
  /** Its id. */
  readonly asset: string;
  readonly rule: AlertRule;
}

/** How alarms burden the people who answer them, after ISA-18.2 and EEMUA 191. */
export interface AlarmKpis {
  /** Alerts raised, and those of them and of before that were told in this time. */
  readonly raised: number;
  readonly told: number;
  /** Of those told: mean in ten minutes, and most in any ten minutes. */
  readonly perTenMinutes: { readonly mean: number; readonly peak: number };
  /** Times with more than ten told in ten minutes until fewer than five; `share` of the whole time. */
  readonly flood: { readonly count: number; readonly ms: number; readonly share: number };
  /** The ten alarms told most often, with their share of all. */
  readonly top: readonly (AlarmName & { readonly count: number; readonly share: number })[];
  /** Alarms raised three times or more within a minute, most often first; `most` in one minute. */
  readonly chattering: readonly (AlarmName & { readonly most: number })[];
  /** Alerts that fired for more than a day, longest first. */
  readonly stale: readonly (AlarmName & { readonly alertId: string; readonly ms: number })[];
  /** Those told by priority, and their shares. */
  readonly priorities: Readonly<Record<AlertPriority, { readonly count: number; readonly share: number }>>;
  /** What people found, of those told; `falseShare` is of those judged, null when none was. */
  readonly outcomes: {
    readonly faults: number;
    readonly falseAlarms: number;
    readonly unjudged: number;
    readonly falseShare: number | null;
  };
  /** From being told to being acknowledged, of those told in this time; null when none was acknowledged. */
  readonly acknowledging: {
    readonly count: number;
    readonly waiting: number;
    readonly medianMs: number | null;
    readonly p90Ms: number | null;
  };
}

const TOP = 10;
const CHATTERS_AT = 3;
const MINUTE_MS = 60_000;
const STALE_MS = 86_400_000;
/** Lists of what is wrong name no more than a person reads. */
const LONGEST_LIST = 100;

/** The figures of the time from `since` up to `until`, wall time; `until` must be later. Pure. */
export function alarmKpis(records: readonly AlarmRecord[], since: number, until: number): AlarmKpis {
  const within = (at: number | null): at is number => at !== null && at >= since && at < until;
  const raised = records.filter(({ raisedAt }) => within(raisedAt));
  const told = records.filter(({ toldAt }) => within(toldAt));
  const flood = floods(
    records.flatMap(({ toldAt }) => toldAt ?? []),
    since,
    until,
  );
  return {
    raised: raised.length,
    told: told.length,
    perTenMinutes: { mean: (told.length * TEN_MINUTES_MS) / (until - since), peak: flood.peak },
    flood: { count: flood.count, ms: flood.ms, share: flood.ms / (until - since) },
    top: topOf(told),
    chattering: chatteringOf(raised),
    stale: staleOf(records, since, until),
    priorities: prioritiesOf(told),
    outcomes: outcomesOf(told),
    acknowledging: acknowledgingOf(told, until),
  };
}

function byAlarm(records: readonly AlarmRecord[]): readonly (readonly AlarmRecord[])[] {
  const groups = new Map<string, AlarmRecord[]>();
  for (const record of records) {
    const key = `${record.rule} ${record.assetId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

function nameOf({ assetId, rule }: AlarmRecord): AlarmName {
  return { asset: assetId, rule };
}

function topOf(told: readonly AlarmRecord[]): AlarmKpis['top'] {
  return byAlarm(told)
    .map((group) => ({ ...nameOf(group[0]!), count: group.length, share: group.length / told.length }))
    .sort((a, b) => b.count - a.count || (a.asset < b.asset ? -1 : 1))
    .slice(0, TOP);
}

function chatteringOf(raised: readonly AlarmRecord[]): AlarmKpis['chattering'] {
  return byAlarm(raised)
    .map((group) => ({ ...nameOf(group[0]!), most: mostInAMinute(group.map(({ raisedAt }) => raisedAt)) }))
    .filter(({ most }) => most >= CHATTERS_AT)
    .sort((a, b) => b.most - a.most || (a.asset < b.asset ? -1 : 1))
    .slice(0, LONGEST_LIST);
}

function mostInAMinute(times: number[]): number {
  const sorted = times.sort((a, b) => a - b);
  let oldest = 0;
  let most = 0;
  for (const [i, at] of sorted.entries()) {
    while (sorted[oldest]! <= at - MINUTE_MS) oldest += 1;
    most = Math.max(most, i + 1 - oldest);
  }
  return most;
}

function staleOf(records: readonly AlarmRecord[], since: number, until: number): AlarmKpis['stale'] {
  return records
    .filter(({ raisedAt, resolvedAt }) => raisedAt < until && (resolvedAt ?? until) >= since)
    .map((record) => ({
      ...nameOf(record),
      alertId: record.alertId,
      ms: Math.min(record.resolvedAt ?? until, until) - record.raisedAt,
    }))
    .filter(({ ms }) => ms > STALE_MS)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, LONGEST_LIST);
}

function prioritiesOf(told: readonly AlarmRecord[]): AlarmKpis['priorities'] {
  const share = (wanted: AlertPriority) => {
    const count = told.filter(({ priority }) => priority === wanted).length;
    return { count, share: told.length === 0 ? 0 : count / told.length };
  };
  return { low: share('low'), medium: share('medium'), high: share('high'), critical: share('critical') };
}

function outcomesOf(told: readonly AlarmRecord[]): AlarmKpis['outcomes'] {
  const faults = told.filter(({ outcome }) => outcome === 'fault').length;
  const falseAlarms = told.filter(({ outcome }) => outcome === 'false_alarm').length;
  const judged = faults + falseAlarms;
  const falseShare = judged === 0 ? null : falseAlarms / judged;
  return { faults, falseAlarms, unjudged: told.length - judged, falseShare };
}

function acknowledgingOf(told: readonly AlarmRecord[], until: number): AlarmKpis['acknowledging'] {
  const times = told
    .flatMap(({ toldAt, acknowledgedAt }) =>
      toldAt === null || acknowledgedAt === null || acknowledgedAt >= until
        ? []
        : // Some are acknowledged before anybody is told of them.
          [Math.max(0, acknowledgedAt - toldAt)],
    )
    .sort((a, b) => a - b);
  return {
    count: times.length,
    waiting: told.length - times.length,
    medianMs: quantile(times, 0.5),
    p90Ms: quantile(times, 0.9),
  };
}

/** Between the neighbours, in proportion (Hyndman and Fan 1996, type 7); `sorted` rises. */
function quantile(sorted: readonly number[], q: number): number | null {
  if (sorted.length === 0) return null;
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}
