import type { LaneOutputs, SentTensor, WireTensor } from './lane-protocol.ts';
import { LaneThread } from './lane-thread.ts';
import { SpareMemory } from './spare-memory.ts';

/** A tensor for a run, copied to the thread or, with `give`, given to it, which empties the caller's array. */
export interface Feed extends WireTensor {
  readonly give: boolean;
}

/** One model in a lane. */
export interface LaneSession {
  /** Runs the model once; rejects with `ENGINE_FAILED`. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<LaneOutputs>;
  /** Call it when no run is under way. Idempotent. */
  close(): Promise<void>;
}

/**
 * One thread that runs ONNX sessions, one call after the other. It starts with the first session and ends with the
 * last. Should it die, the calls under way fail, and the next call starts another with the same models.
 */
export class Lane {
  readonly #open = new Set<LaneSession>();
  #thread: LaneThread | null = null;
  #ids = 0;

  /** Calls not yet answered. */
  get owed(): number {
    return this.#thread?.owed ?? 0;
  }

  /** Loads a model; rejects with `ENGINE_FAILED`. */
  async open(model: Uint8Array): Promise<LaneSession> {
    const id = this.#ids++;
    const memory = new SpareMemory();
    let loadedIn: LaneThread | null = null;
    const load = async (): Promise<LaneThread> => {
      const thread = this.#running();
      if (loadedIn === thread) return thread;
      loadedIn = thread;
      try {
        await thread.call({ kind: 'load', session: id, model });
      } catch (error) {
        loadedIn = null;
        throw error;
      }
      return thread;
    };
    const session: LaneSession = {
      run: async (feeds) => {
        const thread = await load();
        const sent: Record<string, SentTensor> = {};
        const moved: ArrayBuffer[] = [];
        for (const [name, { give, shape, data }] of Object.entries(feeds)) {
          const tensor = give ? { shape, data, lent: false } : memory.copy(name, { shape, data });
          sent[name] = tensor;
          if (give || tensor.lent) moved.push(tensor.data.buffer as ArrayBuffer);
        }
        const { outputs, returned } = await thread.call({ kind: 'run', session: id, feeds: sent }, moved);
        memory.takeBack(returned);
        return outputs;
      },
      close: async () => {
        if (!this.#open.delete(session)) return;
        const thread = this.#thread;
        if (this.#open.size > 0) {
          // A thread that died has released everything.
          await thread?.call({ kind: 'release', session: id }).catch(() => {});
          return;
        }
        this.#thread = null;
        await thread?.end();
      },
    };
    this.#open.add(session);
    try {
      await load();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  #running(): LaneThread {
    if (this.#thread === null || this.#thread.ended) this.#thread = new LaneThread();
    return this.#thread;
  }
}
