import type { Clock } from '../../protocol/index.js';
import { isEnded } from '../../protocol/index.js';
import type { SessionStore } from '../store/index.js';
import type { DurableObserver } from './durable-observer.interface.js';
import { LiveSession } from './live-session.js';
import { SessionReader } from './session-reader.js';
import type { Standing } from './standing.js';
import { isAtRest } from './standing.js';

interface SessionTableDeps {
  readonly namespace: string;
  /** This node. */
  readonly owner: string;
  readonly clock: Clock;
  readonly store: SessionStore;
  readonly observer: DurableObserver;
  /** The session is not kept any longer. */
  readonly onForgotten: (live: LiveSession) => void;
}

/** The sessions of one namespace that this node drives, and those that somebody is asking about. */
export class SessionTable {
  readonly #deps: SessionTableDeps;
  readonly #reader: SessionReader;
  readonly #sessions = new Map<string, LiveSession>();

  constructor(deps: SessionTableDeps) {
    this.#deps = deps;
    this.#reader = new SessionReader(deps);
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): Iterable<LiveSession> {
    return this.#sessions.values();
  }

  find(xid: string): LiveSession | undefined {
    return this.#sessions.get(xid);
  }

  /** There is never more than one for an xid: what is decided in one must be seen by all. */
  open(xid: string): LiveSession {
    const known = this.#sessions.get(xid);
    if (known !== undefined) return known;
    const live = new LiveSession(this.#deps.namespace, xid, this.#deps.observer);
    this.#sessions.set(xid, live);
    return live;
  }

  /** The session as memory has it, where this node drives it and is sure of it. */
  driven(xid: string): LiveSession | undefined {
    const live = this.#sessions.get(xid);
    if (live?.session === undefined || live.isDoubtful) return undefined;
    const { owner, status } = live.session;
    return owner === this.#deps.owner && !isEnded(status) ? live : undefined;
  }

  /** What is durable. Where others may have written, memory does not count. */
  async standing(xid: string): Promise<Standing> {
    const live = this.#sessions.get(xid);
    await live?.writeHeldBegin?.();
    const isSure = live?.isLoaded === true && !live.isDoubtful && !this.#deps.store.isShared;
    return isSure ? live.session : this.load(xid);
  }

  load(xid: string): Promise<Standing> {
    return this.#reader.load(xid);
  }

  /** Forgets a session that nobody is busy with and that this node need not drive. */
  release(live: LiveSession): void {
    const { session } = live;
    if (session?.owner === this.#deps.owner && !isAtRest(session)) return;
    this.forget(live);
  }

  /** Forgets a session, unless somebody here is busy with it. */
  forget(live: LiveSession): void {
    if (live.pendingCount > 0 || live.writeHeldBegin !== undefined || live.isAwaited) return;
    this.#deps.onForgotten(live);
    if (this.#sessions.get(live.xid) === live) this.#sessions.delete(live.xid);
  }
}
