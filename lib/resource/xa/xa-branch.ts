import { FencedError, OutcomeUnknownError, XaSlotsError, messageOf } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { GlobalTransaction } from '../../transaction/index.js';
import type { BranchTag, LocalWork } from '../at/index.js';
import type { FreeSlot } from './slots.js';
import type { PreparedHold } from './xa-engine.interface.js';
import type { XaResource } from './xa-resource.js';

/**
 * The life of one XA branch: one local transaction that is prepared in the place of its COMMIT.
 *
 * The coordinator knows the branch before the database has it prepared: what is prepared and not
 * known would hold its locks until the recovery scan finds it. A branch that has written nothing
 * drops out: it is committed at once, and nobody hears of it.
 */
export class XaBranch implements LocalWork {
  /** In a database with capture its writes respect held rows, and are not captured themselves. */
  readonly mark = 'guarded';
  readonly tag: BranchTag;
  readonly #resource: XaResource;
  readonly #transaction: GlobalTransaction;
  readonly #leave: () => void;
  #registration: Promise<void> | undefined;
  #freeSlot: FreeSlot | undefined;
  #isReadOnly = false;
  #isPreparing = false;
  #isFenced = false;
  #ended = false;

  constructor(resource: XaResource, transaction: GlobalTransaction) {
    this.tag = { xid: transaction.xid, branchId: resource.host.ids.newBranchId() };
    this.#resource = resource;
    this.#transaction = transaction;
    this.#leave = transaction.enter(`A local transaction on ${resource.resourceId}`);
    resource.opened(this);
  }

  get xid(): string {
    return this.tag.xid;
  }

  get lockWaitTimeoutMs(): number | undefined {
    return this.#transaction.lockWaitTimeoutMs;
  }

  /** What to prepare it as; undefined where its COMMIT is one. */
  get preparedName(): string | undefined {
    return this.#isReadOnly ? undefined : this.#resource.engine.nameOf(this.tag);
  }

  assertActive(what: string): void {
    this.#transaction.assertActive(what);
  }

  /** @throws XaUnavailableError, XaSlotsError: nothing was done */
  async beforeBegin(): Promise<void> {
    this.#freeSlot ??= await this.#resource.takeSlot(this);
    failpoint('xa.begin');
  }

  /** Called at the first write. The answer is waited for by beforeCommit(). */
  register(): void {
    if (this.#registration !== undefined) return;
    const { host, resourceId } = this.#resource;
    this.#registration = host.client.registerBranch({
      ...this.tag,
      type: 'XA',
      resourceId,
      applicationId: host.applicationId,
    });
    // A refusal is read by beforeCommit(); until then nobody else may stumble over it.
    this.#registration.catch(() => undefined);
  }

  /**
   * Must be awaited before PREPARE is sent.
   *
   * @param hasWritten asks the database, where no statement has looked like a write
   * @throws GlobalNotActiveError and whatever else refused the registration: roll back locally
   * @throws FencedError the rollback of the branch has come before
   */
  async beforeCommit(hasWritten?: () => Promise<boolean>): Promise<void> {
    failpoint('xa.worked');
    if (this.#registration === undefined) {
      if (hasWritten === undefined || !(await hasWritten())) {
        this.#isReadOnly = true;
        return;
      }
      this.register();
    }
    await this.#registration;
    failpoint('xa.registered');
    if (this.#isFenced) {
      throw new FencedError(this.tag.xid, this.tag.branchId, this.#resource.resourceId);
    }
    this.#isPreparing = true;
  }

  /** It is prepared: what follows is phase two's. Or it is committed, and has written nothing. */
  committed(hold?: PreparedHold): void {
    if (this.#isReadOnly) {
      this.#end();
      this.#freeSlot?.();
      return;
    }
    failpoint('xa.prepared');
    // Before the end, so that phase two finds it the one way or the other.
    this.#resource.prepared(this.tag, { hold: hold ?? {}, freeSlot: this.#freeSlot ?? NOTHING });
    this.#end();
  }

  /** The local transaction is rolled back, and nothing was prepared. */
  rolledBack(reason: string): void {
    if (this.#ended) return;
    this.#end();
    this.#freeSlot?.();
    if (this.#registration === undefined) return;
    this.#registration
      .then(() => this.#resource.host.client.abandonBranch({ ...this.tag, reason }))
      .catch(() => undefined);
  }

  /** What to throw instead of the error with which the server has refused to prepare it. */
  explained(error: unknown): unknown {
    if (!this.#resource.engine.isExhausted(error)) return error;
    const { resourceId } = this.#resource;
    return new XaSlotsError(this.tag.xid, resourceId, undefined, { cause: error });
  }

  /**
   * The answer to PREPARE was lost, so the database itself is asked. Returns if it is prepared.
   *
   * @throws FencedError it is not, and cannot be any more
   * @throws OutcomeUnknownError the database does not answer; the global transaction is marked
   *   rollback-only, and the recovery scan finds what may be prepared
   */
  async commitLost(cause: unknown, sessionId?: string): Promise<void> {
    const { resourceId } = this.#resource;
    if (this.#isReadOnly) {
      this.rolledBack(messageOf(cause));
      throw cause;
    }
    let isPrepared: boolean;
    try {
      isPrepared = await this.#resource.engine.resolvePrepare(this.tag, sessionId);
    } catch {
      this.#resource.prepared(this.tag, { hold: {}, freeSlot: this.#freeSlot ?? NOTHING });
      this.#end();
      await this.#transaction.setRollbackOnly(`PREPARE at ${resourceId}: ${messageOf(cause)}`);
      throw new OutcomeUnknownError(this.tag.xid, `PREPARE at ${resourceId}`, { cause });
    }
    if (isPrepared) {
      this.committed();
      return;
    }
    this.rolledBack(messageOf(cause));
    throw new FencedError(this.tag.xid, this.tag.branchId, resourceId, { cause });
  }

  /** Phase two has come before phase one has ended. Whether it can be kept from preparing. */
  fence(): boolean {
    if (this.#isPreparing) return false;
    this.#isFenced = true;
    return true;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#leave();
    this.#resource.closed(this);
  }
}

const NOTHING = (): undefined => undefined;
