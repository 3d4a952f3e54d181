import { TccContextError } from '../../protocol/index.js';
import type { BranchTag } from '../at/index.js';
import type { TccValue } from './context-values.js';
import { assertValue } from './context-values.js';

interface TccContextInit {
  readonly tag: BranchTag;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly notes?: Readonly<Record<string, TccValue>>;
  /** Why nothing can be noted; undefined where it can. */
  readonly closed?: string;
}

/**
 * What confirm and cancel know of the try: its branch, the parameters that were picked, and what
 * the try has noted.
 *
 * @example
 * ```ts
 * import type { TccContext } from 'nestjs-dtx';
 *
 * export class AccountService {
 *   async confirmFreeze({ params, xid }: TccContext<{ accountId: string }>): Promise<void> {
 *     console.log(`${xid} takes what is frozen at ${params.accountId}`);
 *   }
 * }
 * ```
 *
 * @see Seata `BusinessActionContext`
 * @publicApi
 */
export class TccContext<P extends object = Readonly<Record<string, TccValue>>> {
  readonly xid: string;
  readonly branchId: string;
  /** Of the action. */
  readonly name: string;
  /** What `@TxParam` has picked, as it was when the try was called. */
  readonly params: Readonly<P>;
  readonly #notes: Map<string, TccValue>;
  readonly #closed: string | undefined;

  /** @internal */
  constructor(init: TccContextInit) {
    this.xid = init.tag.xid;
    this.branchId = init.tag.branchId;
    this.name = init.name;
    this.params = init.params as P;
    this.#notes = new Map(Object.entries(init.notes ?? {}));
    this.#closed = init.closed;
  }

  /** What has been noted. */
  get notes(): ReadonlyMap<string, TccValue> {
    return this.#notes;
  }

  /**
   * Notes a value in a try, before its local COMMIT, with which it becomes durable.
   *
   * @throws TccContextError (DTX_ERR_RM_TCC_CONTEXT) outside of a try, where the action has no
   *   fence, or for a value that is none for JSON
   */
  note(key: string, value: TccValue): void {
    if (this.#closed !== undefined) throw new TccContextError(this.name, this.#closed);
    assertValue(this.name, key, { [key]: value }, 0);
    this.#notes.set(key, value);
  }
}
