import type { Coordinator } from '../coordinator/index.js';
import { DTX_COORDINATORS } from '../protocol/index.js';

interface Entry {
  readonly coordinator: Promise<Coordinator>;
  clientCount: number;
}

/** A coordinator that is held open until it is released. */
export interface SharedCoordinator {
  readonly coordinator: Coordinator;
  release(): Promise<void>;
}

/** The coordinators of this process, by the canonical path of their store. */
export class EmbeddedRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Map<string, Promise<void>>();

  /** Shares the coordinator of that store, or starts one. */
  async acquire(store: string, start: () => Promise<Coordinator>): Promise<SharedCoordinator> {
    const entry = this.#entries.get(store) ?? this.#open(store, start);
    entry.clientCount += 1;
    try {
      const coordinator = await entry.coordinator;
      return { coordinator, release: () => this.#release(store, entry) };
    } catch (error) {
      if (this.#entries.get(store) === entry) this.#entries.delete(store);
      throw error;
    }
  }

  #open(store: string, start: () => Promise<Coordinator>): Entry {
    // The last one may still be writing down what it knows; its lock on the file is not free yet.
    const closed = this.#closing.get(store) ?? Promise.resolve();
    const entry = { coordinator: closed.then(start), clientCount: 0 };
    this.#entries.set(store, entry);
    return entry;
  }

  async #release(store: string, entry: Entry): Promise<void> {
    entry.clientCount -= 1;
    if (entry.clientCount > 0) return;
    this.#entries.delete(store);
    const closing = entry.coordinator.then((coordinator) => coordinator.close());
    this.#closing.set(
      store,
      closing.catch(() => undefined),
    );
    try {
      await closing;
    } finally {
      this.#closing.delete(store);
    }
  }
}

/** One registry for all copies of this package in the process. */
export function embeddedCoordinators(): EmbeddedRegistry {
  const slots = globalThis as unknown as Record<symbol, EmbeddedRegistry | undefined>;
  return (slots[DTX_COORDINATORS] ??= new EmbeddedRegistry());
}
