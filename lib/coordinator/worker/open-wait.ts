import type { WaitEdge } from '../core/index.js';
import type { Ending } from './end-signal.js';
import { EndSignal } from './end-signal.js';
import type { Standing } from './standing.js';

interface OpenWaitInit extends WaitEdge {
  readonly namespace: string;
  /** Monotonic. */
  readonly sinceMs: number;
  /** What stands under an xid of its namespace. */
  readonly standing: (xid: string) => Promise<Standing>;
  /** Aborted when its caller is gone. */
  readonly gone: Ending | undefined;
}

/** One call that waits at this node, of a global transaction, for rows of another one. */
export class OpenWait implements WaitEdge {
  readonly namespace: string;
  readonly waiterXid: string;
  readonly holderXid: string;
  readonly sinceMs: number;
  readonly standing: (xid: string) => Promise<Standing>;
  /** The circle that it has ended. */
  circle: readonly string[] | undefined;
  /** The circle in which the last look has found it, where one look is not enough. */
  suspected = '';
  /** Aborted when it has to end, for its circle or because its caller is gone. */
  readonly over = new EndSignal();
  readonly #gone: Ending | undefined;
  readonly #end = (): void => {
    this.over.abort();
  };

  constructor(init: OpenWaitInit) {
    this.namespace = init.namespace;
    this.waiterXid = init.waiterXid;
    this.holderXid = init.holderXid;
    this.sinceMs = init.sinceMs;
    this.standing = init.standing;
    this.#gone = init.gone;
    if (this.#gone?.aborted === true) this.#end();
    else this.#gone?.addEventListener('abort', this.#end);
  }

  /** It is the one that gives up. */
  fall(circle: readonly string[]): void {
    this.circle = circle;
    this.#end();
  }

  /** Nobody waits any more. */
  close(): void {
    this.#gone?.removeEventListener('abort', this.#end);
  }
}
