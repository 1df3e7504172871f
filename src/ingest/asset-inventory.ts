import type { Asset } from '../types.ts';

/** An asset with its place among the assets of its own class, dense from 0: per-class memory is sliced by it. */
export interface InventoryEntry {
  readonly asset: Asset;
  readonly classIndex: number;
  readonly place: number;
}

export interface AssetIdentity {
  readonly classIndex: number;
  readonly className: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every asset ever seen, up to a bound. Nothing is forgotten: an index stays with its asset. */
export class AssetInventory {
  readonly #limit: number;
  readonly #entries = new Map<string, InventoryEntry>();
  readonly #assets: Asset[] = [];
  readonly #perClass: number[] = [];
  /** Assets from before the start that have not sent anything since. */
  readonly #unheard = new Set<string>();
  readonly #onAsset: ((asset: Asset) => void) | undefined;

  constructor(limit: number, onAsset: ((asset: Asset) => void) | undefined) {
    this.#limit = limit;
    this.#onAsset = onAsset;
  }

  /** The entry of this identity, made at its first reading; or why there can be none. */
  admit(identity: AssetIdentity): InventoryEntry | 'asset_conflict' | 'too_many_assets' {
    const known = this.#entries.get(identity.id);
    if (known !== undefined) {
      if (known.classIndex !== identity.classIndex) return 'asset_conflict';
      if (this.#unheard.delete(identity.id)) this.#onAsset?.(known.asset);
      return known;
    }
    const entry = this.#enter(identity);
    if (typeof entry !== 'string') this.#onAsset?.(entry.asset);
    return entry;
  }

  /** The entry of an asset that was there before the start; nobody hears of it before its first reading. Null if it cannot be. */
  restore(identity: AssetIdentity): InventoryEntry | null {
    if (this.#entries.has(identity.id)) return null;
    const entry = this.#enter(identity);
    if (typeof entry === 'string') return null;
    this.#unheard.add(identity.id);
    return entry;
  }

  #enter(identity: AssetIdentity): InventoryEntry | 'too_many_assets' {
    if (this.#assets.length >= this.#limit) return 'too_many_assets';
    const { id, className, labels, classIndex } = identity;
    const asset: Asset = { index: this.#assets.length, id, className, labels };
    const place = this.#perClass[classIndex] ?? 0;
    const entry: InventoryEntry = { asset, classIndex, place };
    this.#perClass[classIndex] = place + 1;
    this.#assets.push(asset);
    this.#entries.set(id, entry);
    return entry;
  }

  /** Those that have sent something. */
  list(): readonly Asset[] {
    return this.#unheard.size === 0 ? this.#assets : this.#assets.filter(({ id }) => !this.#unheard.has(id));
  }

  entries(): Iterable<InventoryEntry> {
    return this.#entries.values();
  }
}
