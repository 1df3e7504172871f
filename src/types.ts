/**
 * The values that travel down the data path, each read-only and each holding what the next stage needs:
 * `Row -> Window -> Score -> Verdict -> Alert`. The stages (`ingest`, `models`, `alerts`) share this file only.
 *
 * Times are epoch milliseconds and named `at` or `...At`; durations are milliseconds and named `...Ms`.
 */

/** One machine that publishes telemetry. Made once, at its first message, and referred to from then on. */
export interface Asset {
  /** Position in the fleet, dense from 0: per-asset state is a slice of a typed array at this index. */
  readonly index: number;
  /** Unique over the fleet: the labels of the topic template joined by `/`. */
  readonly id: string;
  readonly className: string;
  /** What the topic template caught, such as `{ site: 'north', line: '1', asset: 'pump-3' }`. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One sensor of an asset class. */
export interface Channel {
  readonly name: string;
  /** Engineering unit for people, such as `bar`; empty when unknown. */
  readonly unit: string;
}

/**
 * All channels of one asset at one time of its grid. `values` and `measured` have length C and are views into
 * pooled memory: they are valid during the call that hands the row over, and whoever keeps them copies them.
 */
export interface Row {
  readonly asset: Asset;
  readonly at: number;
  /** Measured values in their own units; where `measured` is 0 the last known value, or NaN if there is none. */
  readonly values: Float32Array;
  /** 1 where the channel was read in this slot of the grid, 0 where it is missing. */
  readonly measured: Uint8Array;
}

/** `T` consecutive rows, row-major `[T x C]`; views with the lifetime of a {@link Row}'s. */
export interface Window {
  readonly asset: Asset;
  /** Time of the last row. */
  readonly at: number;
  readonly values: Float32Array;
  readonly measured: Uint8Array;
  /** Share of `measured` that is 1, from 0 to 1. */
  readonly coverage: number;
}

/** How unusual a window is, and which channels say so. All arrays have length C and belong to this value. */
export interface Score {
  readonly asset: Asset;
  readonly at: number;
  /** 1.0 is the threshold, for every model. */
  readonly value: number;
  /** Each channel's share of the score; sums to 1. */
  readonly attribution: Float32Array;
  /** What the model expected of the last row, in the channel's unit. */
  readonly expected: Float32Array;
  /** What the last row was, in the channel's unit; NaN where it was missing. */
  readonly actual: Float32Array;
  /** Version id of the model that gave the score. */
  readonly model: string;
  /** Which part of the model gave it: what predicted, and what of its error was too large. */
  readonly detector?: { readonly source: string; readonly kind: string };
}

/** What scores before a class has its first trained model, in the place of a model version's id. */
export const onlineModel = 'online';

/** How sure a score is: `low` is the online model's. Null for what has no score. */
export type Confidence = 'low' | 'full';

export function confidenceOf(model: string | null): Confidence | null {
  if (model === null) return null;
  return model === onlineModel ? 'low' : 'full';
}

/** Why there is no score; also the metric label and the value in the API. */
export type UnknownReason =
  /** The class has no model yet. */
  | 'learning'
  /** Fewer than `T` rows since start or since a long gap. */
  | 'warming_up'
  /** Too many readings of the window, or all of its last row, are missing. */
  | 'low_coverage'
  /** Scoring could not keep up, and this window was dropped. */
  | 'overloaded'
  /** The engine refused the batch. */
  | 'engine_failed';

/** Why a window counts as normal although its score says otherwise: the class does not mind this deviation. */
export type ToleratedReason =
  /** No guilty channel deviates in the direction that matters. */
  | 'other_direction'
  /** None that does deviates by as much as matters. */
  | 'below_minimum';

export type Verdict =
  | {
      readonly kind: 'normal' | 'anomalous';
      readonly asset: Asset;
      readonly at: number;
      readonly score: Score;
      /** Of a normal window only. */
      readonly tolerated?: ToleratedReason;
    }
  | { readonly kind: 'unknown'; readonly asset: Asset; readonly at: number; readonly reason: UnknownReason };

/**
 * What an alert is about: the model's verdict, an asset that no longer publishes, or a channel beyond its limits. One
 * side of one channel is an alarm of its own, such as `limit:pressure:high`: asset and rule together are what is
 * shelved, what flaps, and what has one alert at a time.
 */
export type AlertRule = 'anomaly' | 'silent' | LimitRule | WatchdogRule;

export type LimitRule = `limit:${string}:${'high' | 'low'}`;

/** Trouble of Forewarn itself, which is the asset `forewarn` then. */
export type WatchdogRule =
  | 'watchdog:no_data'
  | 'watchdog:training_failed'
  | 'watchdog:data_dropped'
  | 'watchdog:sink_failing'
  | 'watchdog:disk_full';

/** How much an alert matters, least first; of the class's consequence and of how far the score went. */
export type AlertPriority = 'low' | 'medium' | 'high' | 'critical';

/**
 * Where an alert stands with the people who answer it, after ISA-18.2. Shelved, suppressed and out of service are for
 * alerts that fire; `returned_unacknowledged` is over and nobody has acknowledged it; `closed` needs nobody any more.
 */
export type OperatorState =
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned_unacknowledged'
  | 'closed'
  | 'shelved'
  | 'suppressed'
  | 'out_of_service';

/** What people and their rules have done about an alert; {@link OperatorState} sums it up. */
export interface AlertHandling {
  /** Whether the sinks were told of it, which they are not while it is shelved, suppressed or out of service. */
  readonly told: boolean;
  readonly acknowledged: boolean;
  /** Wall time at which it comes back by itself. */
  readonly shelvedUntil: number | null;
  /** Why it is suppressed by design, such as a maintenance. */
  readonly suppressedFor: string | null;
  readonly outOfService: boolean;
  readonly assignee: string | null;
  /** What a person found at the machine; null until somebody has said so. */
  readonly outcome: AlertOutcome | null;
  /**
   * Wall time since which it asks for an answer in vain: told, not acknowledged, held back by nothing. Null when it asks
   * for none.
   */
  readonly unansweredSince: number | null;
  readonly escalation: AlertEscalation;
}

/** Whether there was something wrong. Rows of false alarms are normal, and are trained on. */
export const alertOutcomes = ['fault', 'false_alarm'] as const;
export type AlertOutcome = (typeof alertOutcomes)[number];

/** To whom an alert went beyond those who hear of every alert. */
export interface AlertEscalation {
  /** How often it was escalated. */
  readonly count: number;
  /** Names of the steps taken since {@link AlertHandling.unansweredSince}. */
  readonly steps: readonly string[];
  /** Sinks that steps have called since it was raised; they are told of its end as well. */
  readonly sinks: readonly string[];
}

/** Who gives a command, and why. */
export interface OperatorOrder {
  readonly by: string;
  readonly comment: string | null;
}

/** Why a command was not carried out; also the value in the API. */
export type OperatorRefusal =
  | 'no_such_alert'
  /** Only what fires can be shelved. */
  | 'alert_is_over'
  | 'not_shelved'
  /** A time that is not ahead, or further ahead than shelving may last. */
  | 'bad_shelving_time'
  | 'no_such_asset'
  | 'no_such_class'
  | 'already_out_of_service'
  | 'not_out_of_service'
  /** Shelved, suppressed or out of service: nobody is told of it. */
  | 'alert_is_withheld'
  | 'no_such_step'
  /** Every step of its escalation has been taken, or none is configured for it. */
  | 'no_step_left';

/** Why a command on models was not carried out; also the value in the API. */
export type ModelRefusal =
  | 'no_such_model'
  | 'no_such_class'
  | 'in_use_already'
  /** The class has other channels, another window or other sampling by now. */
  | 'does_not_fit'
  | 'model_damaged'
  | 'pinned_already'
  | 'not_pinned'
  /** The class has no model yet. */
  | 'still_learning'
  | 'training_already'
  | 'no_such_alert'
  | 'alert_is_over'
  /** A limit or a silence has no level to be accepted. */
  | 'not_of_a_model'
  /** What the asset does is no new level; the result says why. */
  | 'no_new_level';

/** One channel's part in an alert, most guilty first in {@link Alert.channels}. */
export interface ChannelEvidence {
  readonly channel: string;
  readonly unit: string;
  /** From 0 to 1; over all channels the shares sum to 1. */
  readonly share: number;
  readonly expected: number | null;
  readonly actual: number | null;
}

/** One episode of one asset, from the first anomalous verdict to the return to normal. */
export interface Alert {
  /** Unique for ever and sortable by time of raising. */
  readonly id: string;
  readonly assetId: string;
  readonly className: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rule: AlertRule;
  readonly state: 'firing' | 'resolved';
  readonly operatorState: OperatorState;
  readonly handling: AlertHandling;
  /** Rises with the peak of the score, and when a worse limit is passed. */
  readonly priority: AlertPriority;
  /** First anomalous verdict of the episode. */
  readonly startedAt: number;
  /** When it had been anomalous for long enough and the alert was raised. */
  readonly firedAt: number;
  readonly resolvedAt: number | null;
  /** Score when raised, and the highest since; null for rules without a score. */
  readonly score: number | null;
  readonly peakScore: number | null;
  readonly model: string | null;
  /** Evidence as it was when the alert was raised; never rewritten. */
  readonly channels: readonly ChannelEvidence[];
  /** One sentence for the operator. */
  readonly summary: string;
  /** What the operator should do, as the class says; null when it says nothing. */
  readonly action: string | null;
  /** What it is part of, where alerts are told in groups; as it is now, and not in what receivers are told. */
  readonly incident?: AlertIncident;
  /** Why receivers are told of it now, where that is an escalation; in nothing else than what they are told. */
  readonly escalated?: EscalationCause;
}

export interface EscalationCause {
  /** The name of the step. */
  readonly step: string;
  /** For how long nobody had answered; null where a person escalated what somebody had acknowledged. */
  readonly unansweredMs: number | null;
  /** The person who escalated it; null where the time was over. */
  readonly by: string | null;
}

/** Alerts of one group that overlap in time. */
export interface AlertIncident {
  /** The id of its first alert. */
  readonly id: string;
  /** The asset that was first. */
  readonly first: string;
  /** How many alerts there are or were in it. */
  readonly alerts: number;
}

/** Gives the present as epoch milliseconds. Stages take it as an argument, so that tests own the time. */
export type Clock = () => number;
