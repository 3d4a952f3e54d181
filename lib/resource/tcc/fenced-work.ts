import { FencedError, OutcomeUnknownError, messageOf } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { BranchTag, LocalWork, Mark } from '../at/index.js';
import { encodeValues } from './context-values.js';
import type { TccFences } from './tcc-fences.interface.js';
import { TCC_FENCE } from './tcc-fences.interface.js';
import type { TccGuard, TccPhase } from './tcc-phase.js';

/** What a phase makes of the fence row. */
const STATE_BEHIND = {
  try: TCC_FENCE.tried,
  confirm: TCC_FENCE.confirmed,
  cancel: TCC_FENCE.cancelled,
} as const;

/** Sends a statement of ours in the local transaction that is open; returns the rows changed. */
type Own = (text: string) => Promise<number>;

/**
 * The local transaction of a try, a confirm or a cancel. Its fence row is written first: whoever
 * comes second, of two that do not go together, waits at the row and finds it taken.
 */
export class FencedWork implements LocalWork {
  /** A try must not have rows that are not decided; phase two must get through whatever is. */
  readonly mark: Mark;
  readonly tag: BranchTag;
  readonly #phase: TccPhase;
  readonly #guard: TccGuard;
  readonly #leave: (() => void) | undefined;
  /** The fence row is written in the local transaction that is open. */
  #stands = false;
  #ended = false;

  constructor(phase: TccPhase, guard: TccGuard) {
    this.tag = phase.tag;
    this.mark = phase.kind === 'try' ? 'guarded' : 'unmarked';
    this.#phase = phase;
    this.#guard = guard;
    this.#leave = phase.transaction?.enter(`The ${phase.kind} of ${phase.context.name}`);
  }

  get xid(): string {
    return this.tag.xid;
  }

  get lockWaitTimeoutMs(): number | undefined {
    return this.#phase.lockWaitTimeoutMs;
  }

  assertActive(what: string): void {
    this.#phase.assertActive(what);
  }

  register(): void {
    // It was registered before the try was called: an unknown try would never be cancelled.
  }

  begun(): void {
    if (this.#stands) this.#phase.localEnds(false);
    this.#stands = false;
  }

  /**
   * Before the first write, and not behind BEGIN: reading alone takes nothing, and settings of the
   * local transaction have to come before any work in it.
   *
   * @throws TccSecondLocalTransactionError
   * @throws FencedError phase two has come before the try
   * @throws PhasePassedError the same confirm or cancel has run already
   */
  async beforeWrite(own: Own): Promise<void> {
    if (this.#stands) return;
    this.#phase.localBegins(this.#guard.resourceId);
    this.#stands = true;
    const { context, kind } = this.#phase;
    const { fences, resourceId } = this.#guard;
    const { branchId, xid } = this.tag;
    const text =
      kind === 'try'
        ? fences.enterText(this.tag, context.name)
        : fences.switchText(this.tag, STATE_BEHIND[kind]);
    const changed = await own(text);
    failpoint(`tcc.${kind}.fenced`);
    if (changed === 1) return;
    throw kind === 'try' ? new FencedError(xid, branchId, resourceId) : new PhasePassedError(kind);
  }

  /** Must be awaited before COMMIT: what the try has noted goes along. */
  async beforeCommit(hasWritten?: () => Promise<boolean>, own?: Own): Promise<void> {
    const { context, kind } = this.#phase;
    if (own === undefined) return;
    // A function that was called in a SELECT may have written.
    if (!this.#stands && (await hasWritten?.()) === true) await this.beforeWrite(own);
    failpoint(`tcc.${kind}.worked`);
    if (kind !== 'try' || context.notes.size === 0 || !this.#stands) return;
    await own(notesText(this.#guard.fences, this.#phase));
  }

  committed(): void {
    failpoint(`tcc.${this.#phase.kind}.committed`);
    this.#end(true);
  }

  rolledBack(): void {
    this.#end(false);
  }

  /**
   * The answer to COMMIT was lost, so the fence row is asked: the method is never run again on a
   * guess. For a try a tombstone settles it for ever.
   *
   * @throws FencedError the try was not committed, and cannot be any more
   * @throws OutcomeUnknownError the database does not answer; phase two will settle it
   */
  async commitLost(cause: unknown): Promise<void> {
    const { context, kind, transaction } = this.#phase;
    const { fences, resourceId } = this.#guard;
    const { branchId, xid } = this.tag;
    if (!this.#stands) {
      this.#end(false);
      throw cause;
    }
    let state: number | undefined;
    try {
      const row = await (kind === 'try'
        ? fences.bury(this.tag, context.name)
        : fences.look(this.tag));
      state = row?.state;
    } catch {
      this.#end(false);
      const what = `local COMMIT of the ${kind} of ${context.name}`;
      await transaction?.setRollbackOnly(`${what}: ${messageOf(cause)}`);
      throw new OutcomeUnknownError(xid, what, { cause });
    }
    this.#end(state === STATE_BEHIND[kind]);
    if (state === STATE_BEHIND[kind]) return;
    if (kind !== 'try') throw cause;
    throw new FencedError(xid, branchId, resourceId, { cause });
  }

  #end(isCommitted: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#stands) this.#phase.localEnds(isCommitted);
    this.#leave?.();
  }
}

export function notesText(fences: TccFences, { context, tag }: TccPhase): string {
  return fences.notesText(tag, encodeValues(context.name, Object.fromEntries(context.notes)));
}

/** Ends a confirm or a cancel that is not to run: another one has done it. Nobody else sees it. */
export class PhasePassedError extends Error {
  constructor(kind: string) {
    super(`this ${kind} has run already`);
  }
}
