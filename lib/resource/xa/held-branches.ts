import type { Clock } from '../../protocol/index.js';
import type { BranchTag } from '../at/index.js';
import type { FreeSlot } from './slots.js';
import type { Ending, PreparedHold } from './xa-engine.interface.js';

/** A branch that this process has prepared, and has not ended. */
export interface HeldBranch {
  readonly tag: BranchTag;
  readonly hold: PreparedHold;
  readonly freeSlot: FreeSlot;
  readonly sinceMs: number;
  /** Which way this process has ended it, perhaps: the answer was lost. */
  lost?: Ending;
  /** What endingOf() takes; known once a look at the database has met the branch. */
  proof?: string;
}

/** What this process has prepared and not ended. */
export class HeldBranches {
  readonly #clock: Clock;
  readonly #branches = new Map<string, HeldBranch>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(tag: BranchTag, held: Pick<HeldBranch, 'hold' | 'freeSlot'>): void {
    this.#branches.set(tag.branchId, { ...held, tag, sinceMs: this.#clock.monotonicMs() });
  }

  get({ branchId, xid }: BranchTag): HeldBranch | undefined {
    const held = this.#branches.get(branchId);
    return held?.tag.xid === xid ? held : undefined;
  }

  /** Somebody may end it by hand behind our back. */
  learn(tag: BranchTag, proof: string | undefined): void {
    const held = this.get(tag);
    if (held !== undefined && proof !== undefined) held.proof = proof;
  }

  remove(tag: BranchTag): void {
    const held = this.get(tag);
    if (held === undefined) return;
    this.#branches.delete(tag.branchId);
    held.freeSlot();
  }

  /** Nobody of this process will end them, so their connections must not keep others from it. */
  letGo(): void {
    for (const { hold } of this.#branches.values()) hold.letGo?.();
    this.#branches.clear();
  }

  /** Those that are here for at least so long. */
  olderThan(ageMs: number): readonly HeldBranch[] {
    const untilMs = this.#clock.monotonicMs() - ageMs;
    return [...this.#branches.values()].filter(({ sinceMs }) => sinceMs <= untilMs);
  }
}
