import { messageOf } from '../errors.ts';
import type { Asset, Clock, Row, Window } from '../types.ts';
import { AssetInventory } from './asset-inventory.ts';
import { Grid, type GridCounters, type PastRows } from './grid.ts';
import { assertIngestClass, type IngestClass } from './ingest-class.ts';
import { PayloadDecoder, parsePayload } from './payload-decoder.ts';
import { type Refusal, RefusalLedger, type RefusalReason, zeroCounts } from './refusal.ts';
import { type AssetRoute, TopicRouter } from './topic-router.ts';

/** Takes what ingest makes. Called synchronously; the values are views that are valid during the call only. */
export interface IngestSinks {
  onRow(row: Row): void;
  onWindow(window: Window): void;
  /** Once for every new asset, before its first row. */
  onAsset?(asset: Asset): void;
}

export interface IngestLimits {
  /** Largest payload in bytes. */
  readonly payloadBytes: number;
  /** Assets in the inventory; further ones are refused. */
  readonly assets: number;
  /** Topics in each of the two generations of the route cache. */
  readonly topics: number;
  /** Refused messages that are kept. */
  readonly refusals: number;
}

const defaultLimits: IngestLimits = {
  payloadBytes: 256 * 1024,
  assets: 100_000,
  topics: 200_000,
  refusals: 50,
};

/** Counters since the start. `accepted` and the sum of `refused` make `messages`. */
export interface IngestStats extends Readonly<GridCounters> {
  readonly messages: number;
  /** Messages of which at least one reading was used, or was late or repeated. */
  readonly accepted: number;
  /** Readings handed to the grid; `late` and `repeated` are among them. */
  readonly readings: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** Single readings and single samples of a batch that were refused, whatever became of their message. */
  readonly refusedParts: Readonly<Record<RefusalReason, number>>;
}

export interface Ingest {
  /** Takes one MQTT message. Never throws; every message is counted once, as accepted or under its reason. */
  accept(topic: string, payload: Uint8Array, flags: { readonly retain: boolean }): void;
  /**
   * Takes up an asset where a run before left it, at its rows up to then, `rows.at` rising by the class's step; before its
   * first message only. Windows go to `onWindow`, views as ever; `onAsset` hears of the asset at its first reading. Null
   * where the topics of the class give no such asset, or there is no room for it.
   */
  restore(
    className: string,
    assetId: string,
    rows: PastRows,
    onWindow: (window: Window) => void,
  ): Asset | null;
  /** Gives out the rows of all open slots: at shutdown and at the end of a replay. What a sink throws passes. */
  flush(): void;
  stats(): IngestStats;
  /** The last few refused messages, newest first. */
  refusals(): readonly Refusal[];
  assets(): readonly Asset[];
}

interface ClassLine {
  readonly decoder: PayloadDecoder;
  readonly grid: Grid;
}

/**
 * The first stage: MQTT message in, rows and windows out. Throws `TOPIC_TEMPLATE_INVALID` or
 * `INGEST_CLASS_INVALID`. Where two classes fit a topic, the first in order takes it.
 */
export function createIngest(options: {
  readonly classes: readonly IngestClass[];
  readonly sinks: IngestSinks;
  readonly clock: Clock;
  readonly limits?: Partial<IngestLimits>;
}): Ingest {
  const { classes, sinks, clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const grid: GridCounters = { rows: 0, gapRows: 0, windows: 0, late: 0, repeated: 0, clockResets: 0 };
  const refused = zeroCounts();
  const refusedParts = zeroCounts();
  const ledger = new RefusalLedger(limits.refusals);
  const inventory = new AssetInventory(limits.assets, (asset) => sinks.onAsset?.(asset));
  const router = new TopicRouter(classes, limits.topics);
  const lines: readonly ClassLine[] = classes.map((spec) => {
    assertIngestClass(spec);
    return { decoder: new PayloadDecoder(spec), grid: new Grid(spec, sinks, grid) };
  });
  let messages = 0;
  let accepted = 0;
  let readings = 0;

  function takePayload(route: AssetRoute, payload: Uint8Array, arrival: number): RefusalReason | null {
    const root = parsePayload(payload);
    if (root === undefined) return 'not_json';
    if (!Array.isArray(root)) return takeSample(route, root, arrival);
    // A batch is accepted when one of its samples is; otherwise its first reason stands for all.
    let verdict: RefusalReason | null | undefined;
    for (const node of root) {
      const reason = takeSample(route, node, arrival);
      if (reason !== null) refusedParts[reason]++;
      if (verdict === undefined || reason === null) verdict = reason;
    }
    return verdict === undefined ? 'empty' : verdict;
  }

  function takeSample(route: AssetRoute, node: unknown, arrival: number): RefusalReason | null {
    const { decoder, grid: rows } = lines[route.identity.classIndex]!;
    const reason = decoder.decode(node, route.channel, arrival);
    if (decoder.sample.bad > 0) refusedParts.not_a_number += decoder.sample.bad;
    if (reason !== null) return reason;
    let { entry } = route;
    if (entry === null) {
      const admitted = inventory.admit(route.identity);
      if (typeof admitted === 'string') return admitted;
      entry = admitted;
      route.entry = entry;
    }
    readings += decoder.sample.count;
    rows.add(entry.place, entry.asset, decoder.sample);
    return null;
  }

  return {
    accept(topic, payload, flags) {
      messages++;
      const arrival = clock();
      let detail: string | null = null;
      let reason: RefusalReason | null;
      try {
        const route = router.route(topic);
        if (route.refusal !== null) {
          reason = route.refusal;
          detail = route.detail;
        } else if (flags.retain) reason = 'retained';
        else if (payload.length === 0) reason = 'empty';
        else if (payload.length > limits.payloadBytes) reason = 'too_large';
        else reason = takePayload(route, payload, arrival);
      } catch (thrown) {
        // Own code does not throw here; a sink may, and the packet must still be settled.
        reason = 'sink_failed';
        detail = messageOf(thrown);
      }
      if (reason === null) {
        accepted++;
        return;
      }
      refused[reason]++;
      ledger.add(arrival, topic, reason, detail, payload);
    },

    restore(className, assetId, rows, onWindow) {
      const identity = router.identityOf(className, assetId);
      const entry = identity === null ? null : inventory.restore(identity);
      if (entry === null) return null;
      lines[entry.classIndex]!.grid.restore(entry.place, entry.asset, rows, onWindow);
      return entry.asset;
    },

    flush() {
      for (const { asset, classIndex, place } of inventory.entries()) {
        lines[classIndex]!.grid.flush(place, asset);
      }
    },

    stats: () => ({
      messages,
      accepted,
      readings,
      ...grid,
      refused: { ...refused },
      refusedParts: { ...refusedParts },
    }),
    refusals: () => ledger.list(),
    assets: () => inventory.list(),
  };
}
