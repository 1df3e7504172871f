import type { IngestClass } from './ingest-class.ts';
import { decimalOf, readingOf, stampOf, type TimeUnit } from './reading.ts';
import type { RefusalReason } from './refusal.ts';

/** The readings of one time stamp, in arrays that the next decoding overwrites. */
export interface Sample {
  at: number;
  /** How many entries of `channels` and `values` are in use. */
  count: number;
  readonly channels: Uint16Array;
  readonly values: Float64Array;
  /** Readings that were there and no numbers. */
  bad: number;
}

/** A path into parsed JSON; `guarded` keys are also names of built-in properties. */
type Path = readonly { readonly key: string; readonly guarded: boolean }[];

/** Text of a payload as JSON, or undefined. A bare decimal, the payload of most scalar topics, skips the parser. */
export function parsePayload(payload: Uint8Array): unknown {
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const raw = bytes.toString('utf8');
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  const first = text.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b) {
    const number = decimalOf(text);
    if (!Number.isNaN(number)) return number;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Decodes the payloads of one class into its one {@link Sample}; only compiled paths are ever followed. */
export class PayloadDecoder {
  readonly sample: Sample;
  readonly #paths: readonly Path[];
  readonly #valuePath: Path = compilePath('value');
  readonly #timePath: Path | null;
  readonly #timeUnit: TimeUnit;
  readonly #maxAheadMs: number;

  constructor(spec: IngestClass) {
    const size = spec.channels.length;
    this.sample = {
      at: 0,
      count: 0,
      channels: new Uint16Array(size),
      values: new Float64Array(size),
      bad: 0,
    };
    this.#paths = spec.channels.map((channel) => compilePath(channel.path));
    this.#timePath = spec.timePath === null ? null : compilePath(spec.timePath);
    this.#timeUnit = spec.timeUnit;
    this.#maxAheadMs = spec.maxAheadMs;
  }

  /**
   * Fills the sample from one JSON value: an object of channels, or with `channel` >= 0 a scalar or an object
   * with `value`. Returns why there is nothing to use, or null. `sample.bad` counts bad readings either way.
   */
  decode(node: unknown, channel: number, arrival: number): RefusalReason | null {
    const { sample } = this;
    sample.count = 0;
    sample.bad = 0;
    const isObject = typeof node === 'object' && node !== null && !Array.isArray(node);
    if (!isObject && channel < 0) return 'not_an_object';

    const problem = this.#stamp(isObject ? node : null, arrival);
    if (problem !== null) return problem;

    if (channel >= 0) this.#take(channel, isObject ? follow(node, this.#valuePath) : node);
    else for (let i = 0; i < this.#paths.length; i++) this.#take(i, follow(node, this.#paths[i]!));
    if (sample.count > 0) return null;
    return sample.bad > 0 ? 'not_a_number' : 'no_channels';
  }

  #stamp(node: object | null, arrival: number): RefusalReason | null {
    if (this.#timePath === null) {
      this.sample.at = arrival;
      return null;
    }
    const raw = node === null ? undefined : follow(node, this.#timePath);
    if (raw === undefined || raw === null) return 'missing_timestamp';
    const at = stampOf(raw, this.#timeUnit);
    if (Number.isNaN(at)) return 'bad_timestamp';
    if (at > arrival + this.#maxAheadMs) return 'future_timestamp';
    this.sample.at = at;
    return null;
  }

  #take(channel: number, raw: unknown): void {
    if (raw === undefined || raw === null) return;
    const { sample } = this;
    const value = readingOf(raw);
    if (Number.isNaN(value)) {
      sample.bad++;
      return;
    }
    sample.channels[sample.count] = channel;
    sample.values[sample.count] = value;
    sample.count++;
  }
}

function compilePath(path: string): Path {
  return path.split('.').map((key) => ({ key, guarded: key in Object.prototype || key in Array.prototype }));
}

/** The value at a path, or undefined. Only own properties are read, whatever a key is called. */
function follow(root: unknown, path: Path): unknown {
  let node = root;
  for (let i = 0; i < path.length; i++) {
    if (typeof node !== 'object' || node === null) return undefined;
    const { key, guarded } = path[i]!;
    if (guarded && !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return node;
}
