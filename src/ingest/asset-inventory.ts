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
  readonly #onAsset: ((asset: Asset) => void) | undefined;

  constructor(limit: number, onAsset: ((asset: Asset) => void) | undefined) {
    this.#limit = limit;
    this.#onAsset = onAsset;
  }

  /** The entry of this identity, made at its first reading; or why there can be none. */
  admit(identity: AssetIdentity): InventoryEntry | 'asset_conflict' | 'too_many_assets' {
    const known = this.#entries.get(identity.id);
    if (known !== undefined) return known.classIndex === identity.classIndex ? known : 'asset_conflict';
    if (this.#assets.length >= this.#limit) return 'too_many_assets';
    const { id, className, labels, classIndex } = identity;
    const asset: Asset = { index: this.#assets.length, id, className, labels };
    const place = this.#perClass[classIndex] ?? 0;
    const entry: InventoryEntry = { asset, classIndex, place };
    this.#perClass[classIndex] = place + 1;
    this.#assets.push(asset);
    this.#entries.set(id, entry);
    this.#onAsset?.(asset);
    return entry;
  }

  list(): readonly Asset[] {
    return this.#assets;
  }

  entries(): Iterable<InventoryEntry> {
    return this.#entries.values();
  }
}
