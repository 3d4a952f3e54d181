import { FencedError, OutcomeUnknownError, messageOf } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { GlobalTransaction } from '../../transaction/index.js';
import type { BranchTag } from './at-engine.interface.js';
import type { AtResource } from './at-resource.js';
import type { LocalWork } from './local-work.js';

/**
 * The life of one branch: one local transaction in one database.
 *
 * Registration runs beside the SQL and is awaited before the local COMMIT. That is safe because the
 * rows are locked in the database from the statement on; the coordinator only has to know the
 * branch before its effects become visible.
 */
export class LocalBranch implements LocalWork {
  readonly tag: BranchTag;
  readonly #resource: AtResource;
  readonly #transaction: GlobalTransaction;
  readonly #leave: () => void;
  #registration: Promise<void> | undefined;
  #ended = false;

  constructor(resource: AtResource, transaction: GlobalTransaction) {
    this.tag = { xid: transaction.xid, branchId: resource.host.ids.newBranchId() };
    this.#resource = resource;
    this.#transaction = transaction;
    this.#leave = transaction.enter(`A local transaction on ${resource.resourceId}`);
    resource.opened(this);
  }

  get mark(): BranchTag {
    return this.tag;
  }

  get xid(): string {
    return this.tag.xid;
  }

  get lockWaitTimeoutMs(): number | undefined {
    return this.#transaction.lockWaitTimeoutMs;
  }

  assertActive(what: string): void {
    this.#transaction.assertActive(what);
  }

  /** Called at the first write. The answer is waited for by beforeCommit(). */
  register(): void {
    if (this.#registration !== undefined) return;
    failpoint('at.register');
    const { host, resourceId } = this.#resource;
    const { branchId, xid } = this.tag;
    this.#registration = host.client.registerBranch({
      xid,
      branchId,
      type: 'AT',
      resourceId,
      applicationId: host.applicationId,
    });
    failpoint('at.register.sent');
    // A refusal is read by beforeCommit(); until then nobody else may stumble over it.
    this.#registration.catch(() => undefined);
  }

  /**
   * Must be awaited before COMMIT is sent.
   *
   * @throws GlobalNotActiveError and whatever else refused the registration: roll back locally
   */
  beforeCommit(): Promise<void> {
    return this.#registration ?? NOTHING_TO_WAIT_FOR;
  }

  /** The local transaction is committed: what follows is phase two's. */
  committed(): void {
    failpoint('at.committed');
    this.#end();
  }

  /** The local transaction is rolled back: undo rows and fence row are gone with it. */
  rolledBack(reason: string): void {
    if (this.#ended) return;
    this.#end();
    this.#resource.rolledBack(this);
    if (this.#registration === undefined) return;
    // Behind the registration, so that the coordinator knows what is abandoned. If this is lost,
    // phase two finds neither fence nor undo rows, and has nothing to do either.
    this.#registration
      .then(() => this.#resource.host.client.abandonBranch({ ...this.tag, reason }))
      .catch(() => undefined);
  }

  /**
   * The answer to COMMIT was lost, so the database itself is asked. Returns if it was committed.
   *
   * @throws FencedError it was not, and cannot be any more
   * @throws OutcomeUnknownError the database does not answer; the global transaction is marked
   *   rollback-only, so that its rollback settles what happened here
   */
  async commitLost(cause: unknown): Promise<void> {
    const { resourceId } = this.#resource;
    let outcome: 'committed' | 'rolled-back';
    try {
      outcome = await this.#resource.engine.resolveLocalCommit(this.tag);
    } catch {
      this.#end();
      await this.#transaction.setRollbackOnly(`local commit at ${resourceId}: ${messageOf(cause)}`);
      throw new OutcomeUnknownError(this.tag.xid, `local COMMIT at ${resourceId}`, { cause });
    }
    if (outcome === 'committed') {
      this.committed();
      return;
    }
    this.rolledBack(messageOf(cause));
    throw new FencedError(this.tag.xid, this.tag.branchId, resourceId, { cause });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#leave();
    this.#resource.closed(this);
  }
}

const NOTHING_TO_WAIT_FOR = Promise.resolve();
