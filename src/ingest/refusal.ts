/** Why a message, or one part of it, was not used; also the metric label and the value in the API. */
export type RefusalReason = (typeof refusalReasons)[number];

const refusalReasons = [
  'no_class',
  'bad_topic',
  'asset_conflict',
  'unknown_channel',
  'retained',
  'too_large',
  'empty',
  'not_json',
  'not_an_object',
  'not_a_number',
  'no_channels',
  'missing_timestamp',
  'bad_timestamp',
  'future_timestamp',
  'too_many_assets',
  'sink_failed',
] as const;

/** What a person should know about each reason; {@link Refusal.detail} where the case gives nothing better. */
const refusalSentences: Readonly<Record<RefusalReason, string>> = {
  no_class: 'No asset class has a topic template that fits this topic.',
  bad_topic: 'A label of the topic is empty, too long, or has control characters.',
  asset_conflict: 'Another class already has an asset with these labels; give one template one label more.',
  unknown_channel: 'The class has no channel of this name.',
  retained: 'The broker replayed a stored value, and an old value is no news.',
  too_large: 'The payload is larger than the limit.',
  empty: 'The payload is empty.',
  not_json: 'The payload is not valid JSON.',
  not_an_object: 'The payload is not a JSON object, nor an array of them.',
  not_a_number: 'The reading is not a number that a float32 can hold.',
  no_channels: 'The payload has none of the channels of its class.',
  missing_timestamp: 'The payload has no time stamp at the path that the class names.',
  bad_timestamp: 'The time stamp cannot be read in the unit that the class names.',
  future_timestamp: 'The time stamp is too far ahead of arrival; look at the clock of the device.',
  too_many_assets: 'The limit of assets is reached, and this one is new.',
  sink_failed: 'The stage that takes rows and windows threw an error.',
};

/** One refused message, kept so that a person can see what came. */
export interface Refusal {
  readonly at: number;
  /** Cut to 256 characters. */
  readonly topic: string;
  readonly reason: RefusalReason;
  readonly detail: string;
  /** The payload's first 256 bytes as text. */
  readonly payload: string;
}

const TEXT_LIMIT = 256;

/** A counter for every reason, all 0. */
export function zeroCounts(): Record<RefusalReason, number> {
  return Object.fromEntries(refusalReasons.map((reason) => [reason, 0])) as Record<RefusalReason, number>;
}

/** The last `capacity` refused messages; the oldest makes room for the newest. */
export class RefusalLedger {
  readonly #capacity: number;
  readonly #ring: Refusal[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(at: number, topic: string, reason: RefusalReason, detail: string | null, payload: Uint8Array): void {
    if (this.#capacity === 0) return;
    const text = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, TEXT_LIMIT));
    this.#ring[this.#next] = {
      at,
      topic: topic.slice(0, TEXT_LIMIT),
      reason,
      detail: detail ?? refusalSentences[reason],
      payload: text.toString('utf8'),
    };
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Newest first. */
  list(): readonly Refusal[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse();
  }
}
