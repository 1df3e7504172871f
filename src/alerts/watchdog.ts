import type { Asset, WatchdogRule } from '../types.ts';
import type { ClassAlerts } from './alerting-options.ts';

/** Forewarn itself, as the asset of its own alerts; the fleet does not count it. */
export const watchdogAsset: Asset = { index: -1, id: 'forewarn', className: 'forewarn', labels: {} };

/** The watchdog has delays of its own; what comes back within a minute is the same trouble. */
export const watchdogAlerts: ClassAlerts = {
  raise: 1,
  clear: 1,
  raiseOn: { windows: 1, of: 1 },
  forMs: 0,
  clearAfter: 1,
  keepFiringForMs: 60_000,
  consequence: 'high',
  action: null,
};

const rules = [
  'watchdog:no_data',
  'watchdog:training_failed',
  'watchdog:data_dropped',
  'watchdog:sink_failing',
  'watchdog:disk_full',
] as const satisfies readonly WatchdogRule[];

/** Losses that have stopped for this long are over. */
const DROPPING_FOR_MS = 300_000;

export interface WatchdogLimits {
  /** 0 = never. */
  readonly noDataForMs: number;
  /** 0 = never. */
  readonly sinkFailingForMs: number;
  /** Least share of the disk that is to be free; 0 = never. */
  readonly diskFree: number;
}

/** How Forewarn is at one moment; counters are since its start and never fall. */
export interface WatchdogSnapshot {
  readonly broker: { readonly state: string; readonly messages: number };
  /** Classes whose last training failed, with the reason. */
  readonly failedTrainings: ReadonlyMap<string, string>;
  /** What was lost, by what it is, such as `windows`. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Sinks whose last attempt failed, with what it said. */
  readonly failingSinks: ReadonlyMap<string, string>;
  /** Of the state directory; null when it cannot be told. */
  readonly disk: { readonly free: number; readonly total: number } | null;
}

interface Counted {
  readonly count: number;
  /** When it last rose. */
  readonly roseAt: number;
}

/** What the watchdog must know of earlier moments. Plain data. */
export interface WatchdogMemory {
  readonly messages: Counted;
  readonly dropped: ReadonlyMap<string, Counted>;
  readonly failingSince: ReadonlyMap<string, number>;
}

/** At the start of Forewarn, when nothing is counted yet. */
export function firstMemory(at: number): WatchdogMemory {
  return { messages: { count: 0, roseAt: at }, dropped: new Map(), failingSince: new Map() };
}

/**
 * What is wrong at `at` (wall time), as a sentence for each rule, null where all is well; and what to remember for the
 * next moment.
 */
export function judge(
  memory: WatchdogMemory,
  snapshot: WatchdogSnapshot,
  limits: WatchdogLimits,
  at: number,
): { memory: WatchdogMemory; findings: ReadonlyMap<WatchdogRule, string | null> } {
  const messages = counted(memory.messages, snapshot.broker.messages, at);
  const dropped = new Map<string, Counted>();
  for (const [what, count] of snapshot.dropped) {
    const before = memory.dropped.get(what) ?? { count: 0, roseAt: Number.NEGATIVE_INFINITY };
    dropped.set(what, counted(before, count, at));
  }
  const failingSince = new Map<string, number>();
  for (const name of snapshot.failingSinks.keys())
    failingSince.set(name, memory.failingSince.get(name) ?? at);

  const said: Readonly<Record<(typeof rules)[number], string | null>> = {
    'watchdog:no_data': noData(messages, snapshot, limits, at),
    'watchdog:training_failed': list(
      snapshot.failedTrainings,
      (name, why) => `training of ${name} failed: ${why}`,
    ),
    'watchdog:data_dropped': list(
      [...dropped].filter(([, { roseAt }]) => at - roseAt < DROPPING_FOR_MS),
      (what, { count }) => `${what} are lost (${count} since the start)`,
    ),
    'watchdog:sink_failing': list(
      [...failingSince].filter(([, since]) => lasted(since, limits.sinkFailingForMs, at)),
      (name, since) => `${name} has failed for ${minutes(at - since)}: ${snapshot.failingSinks.get(name)}`,
    ),
    'watchdog:disk_full': diskFull(snapshot.disk, limits.diskFree),
  };
  return {
    memory: { messages, dropped, failingSince },
    findings: new Map(rules.map((rule) => [rule, said[rule] === null ? null : `Forewarn: ${said[rule]}`])),
  };
}

function counted(before: Counted, count: number, at: number): Counted {
  return count > before.count ? { count, roseAt: at } : before;
}

function noData(
  messages: Counted,
  { broker }: WatchdogSnapshot,
  { noDataForMs }: WatchdogLimits,
  at: number,
) {
  if (!lasted(messages.roseAt, noDataForMs, at)) return null;
  const where = broker.state === 'connected' ? 'no machine publishes' : `the broker is ${broker.state}`;
  return `no data for ${minutes(at - messages.roseAt)}, ${where}`;
}

function diskFull(disk: WatchdogSnapshot['disk'], least: number): string | null {
  if (disk === null || disk.total <= 0 || disk.free / disk.total >= least) return null;
  const percent = Math.floor((disk.free / disk.total) * 1000) / 10;
  return `the disk of the state directory has ${percent} % left (${Math.floor(disk.free / 1e6)} MB)`;
}

function lasted(since: number, limitMs: number, at: number): boolean {
  return limitMs > 0 && at - since >= limitMs;
}

function list<V>(entries: Iterable<[string, V]>, say: (name: string, value: V) => string): string | null {
  const said = [...entries].map(([name, value]) => say(name, value));
  return said.length === 0 ? null : said.join('; ');
}

function minutes(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
