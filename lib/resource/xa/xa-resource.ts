import type { BranchHandler, BranchOutcome, BranchTarget, Detach } from '../../protocol/index.js';
import { XaSlotsError, messageOf } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { ResourceHost } from '../dtx-resource.interface.js';
import type { HeldBranch } from './held-branches.js';
import { HeldBranches } from './held-branches.js';
import { RecoveryScan } from './recovery-scan.js';
import type { FreeSlot } from './slots.js';
import { Slots } from './slots.js';
import type { BranchTag } from '../at/index.js';
import type { XaBranch } from './xa-branch.js';
import type { Ending, EndingAnswer, XaEngine, XaReport } from './xa-engine.interface.js';

/** What XA of a data source is made of. */
export interface XaResourceInit {
  /** Of the data source. */
  readonly resourceId: string;
  readonly host: ResourceHost;
  readonly engine: XaEngine;
  /** Where the user has set one. */
  readonly slots: number | undefined;
  /** How long a branch waits for a slot, where its transaction does not say. */
  readonly slotWaitMs: number;
  readonly horizonMs: number;
  readonly scanIntervalMs: number;
}

/** What phase two calls the XA side of a data source. */
export const xaIdOf = (resourceId: string): string => `${resourceId}/xa`;

/** The XA side of a data source: its prepared branches, its slots, its phase two. */
export class XaResource implements BranchHandler {
  readonly type = 'XA';
  readonly resourceId: string;
  readonly host: ResourceHost;
  readonly engine: XaEngine;
  readonly #init: XaResourceInit;
  readonly #open = new Map<string, XaBranch>();
  readonly #held: HeldBranches;
  /** What is being ended now, by xid and branch. */
  readonly #ending = new Map<
    string,
    { readonly ending: Ending; readonly outcome: Promise<BranchOutcome> }
  >();
  readonly #slots: Slots;
  readonly #scan: RecoveryScan;
  #report: Promise<XaReport> | undefined;
  #detach: Detach | undefined;

  constructor(init: XaResourceInit) {
    this.#init = init;
    this.resourceId = xaIdOf(init.resourceId);
    this.host = init.host;
    this.engine = init.engine;
    this.#held = new HeldBranches(init.host.clock);
    this.#slots = new Slots(init.host.clock, init.slots);
    this.#scan = new RecoveryScan({
      resource: this,
      held: this.#held,
      horizonMs: init.horizonMs,
      intervalMs: init.scanIntervalMs,
    });
  }

  /**
   * @param isRequired whether the data source is for XA alone: else the check waits for the first
   *   branch
   * @throws XaUnavailableError
   */
  async start(isRequired: boolean): Promise<readonly string[]> {
    const warnings = isRequired ? (await this.ready()).warnings : [];
    this.#detach = await this.host.client.attach(this);
    this.#scan.start(isRequired);
    return warnings;
  }

  async stop(): Promise<void> {
    await this.#scan.stop();
    await this.#detach?.();
    this.#detach = undefined;
    this.#held.letGo();
  }

  /** @throws XaUnavailableError */
  ready(): Promise<XaReport> {
    this.#report ??= this.#check();
    return this.#report;
  }

  /** @throws XaUnavailableError, XaSlotsError */
  async takeSlot({ lockWaitTimeoutMs, xid }: XaBranch): Promise<FreeSlot> {
    await this.ready();
    this.#scan.keepLooking();
    const waited = this.#slots.take(lockWaitTimeoutMs ?? this.#init.slotWaitMs);
    if (typeof waited === 'function') return waited;
    // Another process may have ended what was prepared here.
    this.#scan.lookSoon();
    const free = await waited;
    if (free === undefined) throw new XaSlotsError(xid, this.resourceId, this.#slots.limit);
    return free;
  }

  opened(branch: XaBranch): void {
    this.#open.set(branch.tag.branchId, branch);
  }

  closed(branch: XaBranch): void {
    this.#open.delete(branch.tag.branchId);
  }

  /** A branch is prepared, and this process has done it. */
  prepared(tag: BranchTag, held: Pick<HeldBranch, 'hold' | 'freeSlot'>): void {
    this.#held.add(tag, held);
  }

  /** Whether its local transaction has not ended in this process. */
  isOpen({ branchId }: BranchTag): boolean {
    return this.#open.has(branchId);
  }

  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return Promise.all(targets.map((target) => this.end(target, 'commit')));
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return Promise.all(targets.map((target) => this.end(target, 'rollback')));
  }

  /**
   * Phase two of one branch. The scan and the coordinator's call can come together: one of them
   * ends it, or the other would find it gone, and take that for somebody's hand.
   */
  async end(tag: BranchTag, ending: Ending): Promise<BranchOutcome> {
    const key = `${tag.xid}/${tag.branchId}`;
    const running = this.#ending.get(key);
    if (running?.ending === ending) return running.outcome;
    if (running !== undefined) await running.outcome;
    const outcome = this.#end(tag, ending);
    this.#ending.set(key, { ending, outcome });
    // It never rejects.
    void outcome.then(() => {
      if (this.#ending.get(key)?.outcome === outcome) this.#ending.delete(key);
    });
    return outcome;
  }

  async #end(tag: BranchTag, ending: Ending): Promise<BranchOutcome> {
    const open = this.#open.get(tag.branchId);
    if (open !== undefined && (ending === 'commit' || !open.fence())) return STILL_OPEN;
    const held = this.#held.get(tag);
    try {
      failpoint(`xa.${ending}.before`);
      const answer = await this.#endOnce(tag, ending, held);
      failpoint(`xa.${ending}.after`);
      const outcome = await this.#outcome(answer, ending, held);
      if (outcome.kind === 'done') this.#held.remove(tag);
      return outcome;
    } catch (error) {
      const kind = this.engine.isHopeless(error) ? 'cannot' : 'retry';
      return { kind, error: messageOf(error) };
    }
  }

  async #endOnce(
    tag: BranchTag,
    ending: Ending,
    held: HeldBranch | undefined,
  ): Promise<EndingAnswer> {
    const onLost = (): void => {
      if (held !== undefined) held.lost = ending;
    };
    const answer = await held?.hold.end?.(ending, onLost);
    return answer ?? this.engine.end(tag, ending, held?.hold.sessionId, onLost);
  }

  async #outcome(
    answer: EndingAnswer,
    ending: Ending,
    held: HeldBranch | undefined,
  ): Promise<BranchOutcome> {
    switch (answer) {
      case 'done':
        return DONE;
      case 'busy':
        return ELSEWHERE;
      case 'reversed':
        return reversed(ending);
      case 'absent':
        return held === undefined ? DONE : this.#vanished(ending, held);
    }
  }

  /** This process has prepared it, has not ended it, and it is gone. */
  async #vanished(ending: Ending, { hold, lost, proof }: HeldBranch): Promise<BranchOutcome> {
    const was = proof === undefined ? undefined : await this.engine.endingOf(proof);
    if (was === ending) return DONE;
    if (was !== undefined) return reversed(ending);
    // This process has sent it, and it was ended: nobody else has to have done it.
    if (lost === ending) return DONE;
    // With a connection of its own nobody could end it while that lived; one without a hold may
    // never have been prepared.
    if (hold.end === undefined) return DONE;
    return {
      kind: 'cannot',
      error:
        `the branch was prepared here and is no longer, though nobody here has ended it: by ` +
        `hand, or by another process. Look whether its rows say ${ending}, and accept it.`,
    };
  }

  async #check(): Promise<XaReport> {
    try {
      const report = await this.engine.check();
      this.#slots.limit = this.#init.slots ?? report.slots;
      return report;
    } catch (error) {
      this.#report = undefined;
      throw error;
    }
  }
}

const DONE: BranchOutcome = { kind: 'done' };

const STILL_OPEN: BranchOutcome = {
  kind: 'retry',
  error: 'the local transaction of the branch has not ended yet',
};

const ELSEWHERE: BranchOutcome = {
  kind: 'retry',
  error: 'the connection that has prepared the branch lives in another process, and has to end it',
};

const reversed = (ending: Ending): BranchOutcome => ({
  kind: 'cannot',
  error:
    ending === 'commit'
      ? 'heuristic rollback: the prepared branch was rolled back by hand, and its work is lost'
      : 'heuristic commit: the prepared branch was committed by hand, and its work stays',
});
