import {
  ANOMALOUS,
  createSlab,
  NORMAL,
  type Outcome,
  outcomeCodes,
  outcomes,
  RETURNED,
  SILENT,
  SLAB_ASSETS,
  type Slab,
  TALKS,
} from './fleet/slab.ts';
import {
  type AssetDetail,
  type AssetState,
  type AssetView,
  assetStates,
  detailOf,
  stateOf,
  viewOf,
} from './fleet/view.ts';
import type { AlertRule, Asset, Channel, Clock, Row, Verdict } from './types.ts';

interface AssetQuery {
  readonly className?: string;
  readonly state?: AssetState;
  /** Labels that the asset must have. */
  readonly labels?: Readonly<Record<string, string>>;
  /** At least 1. */
  readonly limit: number;
  /** `next` of the page before; 0 or left out starts. */
  readonly cursor?: number;
}

interface FleetSummary {
  readonly assets: number;
  readonly states: Readonly<Record<AssetState, number>>;
  readonly classes: readonly {
    readonly name: string;
    readonly states: Readonly<Record<AssetState, number>>;
  }[];
  /** Verdicts since the start. */
  readonly verdicts: Readonly<Record<Outcome, number>>;
}

/** The read model of all assets: what was last heard of each, what its windows came to, and who is silent. */
export interface Fleet {
  /** Rows and verdicts may come before it; then they make the asset known. */
  onAsset(asset: Asset): void;
  onRow(row: Row): void;
  onVerdict(verdict: Verdict): void;
  /** A page in the order of first messages: while assets join, every asset is still on exactly one page. */
  assets(query: AssetQuery): { readonly assets: readonly AssetView[]; readonly next: number | null };
  asset(id: string): AssetDetail | null;
  summary(): FleetSummary;
  /**
   * Finds who is silent: nothing arrived for `silentAfterMsOf(className)` (0 = never) while Forewarn listened,
   * `listeningSince` being the wall time since which it has been connected, null when it is not. Call it about
   * once a second. `onSilence` hears of an asset at every sweep while it is silent, and afterwards until its
   * silent alert is over; `changed` is true when it has just become silent or come back.
   */
  sweepSilence(
    now: number,
    silentAfterMsOf: (className: string) => number,
    onSilence: (asset: Asset, silent: boolean, changed: boolean) => void,
    listeningSince: number | null,
  ): void;
}

export interface FleetOptions {
  /** Rows, and scores, kept of each asset: at C channels an asset costs about `history * (5 C + 25)` bytes. */
  readonly history: number;
  readonly channelsOf: (className: string) => readonly Channel[];
  /** Read at every row, to note its arrival. */
  readonly clock: Clock;
  /** Id of the alert of this rule that fires for the asset, or null. */
  readonly alertOf: (assetId: string, rule: AlertRule) => string | null;
  /** Rules of the class beside the model's verdict and silence; none when left out. */
  readonly limitRulesOf?: (className: string) => readonly AlertRule[];
}

/** Sweeps so far apart mean that the machine slept or its clock was set: that is no silence of the assets. */
const PAUSE_MS = 30_000;

/** Makes an empty fleet. Rows and verdicts are copied into pooled memory, so a row costs no allocation. */
export function createFleet(options: FleetOptions): Fleet {
  const { history, channelsOf, clock, alertOf, limitRulesOf } = options;
  const slabs: Slab[] = [];
  /** The slab of a class that has room. */
  const open = new Map<string, Slab>();
  const indexById = new Map<string, number>();
  /** By asset index. */
  const slabOf: Slab[] = [];
  const placeOf: number[] = [];
  const verdicts = new Float64Array(outcomes.length + 1);
  let sweptAt: number | null = null;
  let resumedAt = 0;

  function register(asset: Asset): Slab {
    let slab = open.get(asset.className);
    if (slab === undefined || slab.assets.length === SLAB_ASSETS) {
      slab = createSlab(asset.className, channelsOf(asset.className).length, history);
      slabs.push(slab);
      open.set(asset.className, slab);
    }
    const place = slab.assets.push(asset) - 1;
    slab.arrivedAt[place] = clock();
    slab.silence[place] = RETURNED;
    slabOf[asset.index] = slab;
    placeOf[asset.index] = place;
    indexById.set(asset.id, asset.index);
    return slab;
  }

  function alertOfAny({ id, className }: Asset): string | null {
    const found = alertOf(id, 'anomaly') ?? alertOf(id, 'silent');
    if (found !== null || limitRulesOf === undefined) return found;
    for (const rule of limitRulesOf(className)) {
      const alert = alertOf(id, rule);
      if (alert !== null) return alert;
    }
    return null;
  }

  return {
    onAsset(asset) {
      if (slabOf[asset.index] === undefined) register(asset);
    },

    onRow(row) {
      const { index } = row.asset;
      const slab = slabOf[index] ?? register(row.asset);
      const place = placeOf[index];
      const head = slab.rowHead[place];
      const slot = place * history + head;
      slab.rowAt[slot] = row.at;
      slab.values.set(row.values, slot * slab.channels);
      slab.measured.set(row.measured, slot * slab.channels);
      slab.rowHead[place] = head + 1 === history ? 0 : head + 1;
      slab.rows[place]++;
      slab.arrivedAt[place] = clock();
    },

    onVerdict(verdict) {
      const { index } = verdict.asset;
      const slab = slabOf[index] ?? register(verdict.asset);
      const place = placeOf[index];
      const head = slab.windowHead[place];
      const slot = place * history + head;
      slab.windowAt[slot] = verdict.at;
      slab.windowHead[place] = head + 1 === history ? 0 : head + 1;
      slab.windows[place]++;
      if (verdict.kind === 'unknown') {
        const code = outcomeCodes[verdict.reason];
        verdicts[code]++;
        slab.outcomes[slot] = code;
        slab.scores[slot] = Number.NaN;
        return;
      }
      const { score } = verdict;
      const code = verdict.kind === 'normal' ? NORMAL : ANOMALOUS;
      if (code === ANOMALOUS) slab.anomalous[place]++;
      verdicts[code]++;
      slab.outcomes[slot] = code;
      slab.scores[slot] = score.value;
      slab.score[place] = score.value;
      slab.scoredAt[place] = score.at;
      slab.models[place] = score.model;
      slab.detectors[place] = score.detector;
      const from = place * 3 * slab.channels;
      slab.evidence.set(score.attribution, from);
      slab.evidence.set(score.expected, from + slab.channels);
      slab.evidence.set(score.actual, from + 2 * slab.channels);
    },

    assets({ className, state, labels, limit, cursor }) {
      const wanted = Object.entries(labels ?? {});
      const page: AssetView[] = [];
      for (let index = cursor ?? 0; index < slabOf.length; index++) {
        const slab = slabOf[index];
        // An index whose asset has not been heard of yet.
        if (slab === undefined) continue;
        const place = placeOf[index];
        if (className !== undefined && slab.className !== className) continue;
        if (state !== undefined && stateOf(slab, place) !== state) continue;
        const has = slab.assets[place].labels;
        if (!wanted.every(([name, value]) => Object.hasOwn(has, name) && has[name] === value)) continue;
        if (page.length === limit) return { assets: page, next: index };
        page.push(viewOf(slab, place, alertOfAny(slab.assets[place])));
      }
      return { assets: page, next: null };
    },

    asset(id) {
      const index = indexById.get(id);
      if (index === undefined) return null;
      const slab = slabOf[index];
      const place = placeOf[index];
      return detailOf(slab, place, alertOfAny(slab.assets[place]), channelsOf(slab.className));
    },

    summary() {
      const total = zeroStates();
      const classes = new Map<string, Record<AssetState, number>>();
      let assets = 0;
      for (const slab of slabs) {
        const states = classes.get(slab.className) ?? zeroStates();
        classes.set(slab.className, states);
        assets += slab.assets.length;
        for (let place = 0; place < slab.assets.length; place++) {
          const state = stateOf(slab, place);
          states[state]++;
          total[state]++;
        }
      }
      return {
        assets,
        states: total,
        classes: Array.from(classes, ([name, states]) => ({ name, states })),
        verdicts: Object.fromEntries(outcomes.map((outcome, i) => [outcome, verdicts[i + 1]])) as Record<
          Outcome,
          number
        >,
      };
    },

    sweepSilence(now, silentAfterMsOf, onSilence, listeningSince) {
      if (sweptAt !== null && Math.abs(now - sweptAt) > PAUSE_MS) resumedAt = now;
      sweptAt = now;
      const heardMs = listeningSince === null ? -1 : now - Math.max(listeningSince, resumedAt);
      for (const slab of slabs) {
        const afterMs = silentAfterMsOf(slab.className);
        const { silence, arrivedAt } = slab;
        for (let place = 0; place < slab.assets.length; place++) {
          const was = silence[place];
          // Who is silent already stays so without a new proof of it.
          const quiet =
            afterMs > 0 && now - arrivedAt[place] >= afterMs && (was === SILENT || heardMs >= afterMs);
          if (quiet) {
            silence[place] = SILENT;
            onSilence(slab.assets[place], true, was !== SILENT);
          } else if (was === SILENT) {
            silence[place] = RETURNED;
            onSilence(slab.assets[place], false, true);
          } else if (was === RETURNED) {
            if (alertOf(slab.assets[place].id, 'silent') === null) silence[place] = TALKS;
            else onSilence(slab.assets[place], false, false);
          }
        }
      }
    },
  };
}

function zeroStates(): Record<AssetState, number> {
  return Object.fromEntries(assetStates.map((state) => [state, 0])) as Record<AssetState, number>;
}
