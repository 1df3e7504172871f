import type { Row } from '../../types.ts';
import type { MatchedAlarm } from './matcher.ts';
import type { TopologyConfig } from './topology.ts';

/** One asset that others depend on: whether it is down. */
export class TopologySource {
  readonly assetId: string;
  readonly #config: TopologyConfig;
  readonly #channel: number;
  /** Wall time of the last row; null when nothing has come since the start. */
  #arrivedAt: number | null = null;
  #reading: number | null = null;
  #down = false;
  #wasSilent = false;
  /** What the last sweep found. */
  #swept = '';
  /** When it was last seen to be down. */
  #downAt = 0;

  constructor(config: TopologyConfig, { assetId }: MatchedAlarm, channels: readonly string[]) {
    this.#config = config;
    this.assetId = assetId;
    this.#channel = 'channel' in config.when ? channels.indexOf(config.when.channel) : -1;
  }

  get isDown(): boolean {
    return this.#down;
  }

  /** Whether it has been heard of since the start. */
  get isKnown(): boolean {
    return this.#down || this.#arrivedAt !== null;
  }

  /** For people, after its name. */
  get what(): string {
    const { when } = this.#config;
    if (!('channel' in when)) return 'sends no data';
    const limit = when.below === null ? `above ${when.above}` : `below ${when.below}`;
    return `reads ${when.channel} ${limit}`;
  }

  /** Its silent alert already fired at the start: it is down until it is heard of. */
  wasSilent(): void {
    this.#wasSilent = true;
  }

  onRow({ values, measured }: Row, now: number): void {
    this.#arrivedAt = now;
    if (this.#channel >= 0 && measured[this.#channel] === 1) this.#reading = values[this.#channel]!;
    // A line that stops must be known before the alerts that follow from it: not only once a second.
    if (this.#channel >= 0 && this.#isDownNow(now, null)) this.#goDown(now);
  }

  /** True when it went down, has been back for long enough, or is heard of for the first time. */
  sweep(now: number, listeningSince: number | null): boolean {
    const before = this.#swept;
    const down = this.#isDownNow(now, listeningSince);
    if (down === true) this.#goDown(now);
    else if (down === false && now - this.#downAt >= this.#config.keepForMs) this.#down = false;
    this.#swept = `${this.#down} ${this.isKnown}`;
    return before !== this.#swept;
  }

  #goDown(now: number): void {
    this.#down = true;
    this.#downAt = now;
  }

  /** Null when nobody knows; then it stays as it was. */
  #isDownNow(now: number, listeningSince: number | null): boolean | null {
    const { when } = this.#config;
    if ('channel' in when) {
      if (this.#reading === null) return null;
      const { below, above } = when;
      return (below !== null && this.#reading < below) || (above !== null && this.#reading > above);
    }
    if (this.#arrivedAt === null) return this.#wasSilent ? true : null;
    if (now - this.#arrivedAt < when.silentForMs) return false;
    if (listeningSince === null || now - listeningSince < when.silentForMs) return null;
    return true;
  }
}
