import type { BranchOutcome, GlobalSummary, Timer } from '../../protocol/index.js';
import { isCommitDecided, messageOf } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { HeldBranches } from './held-branches.js';
import type { Ending, PreparedBranch } from './xa-engine.interface.js';
import type { XaResource } from './xa-resource.js';

interface RecoveryScanDeps {
  readonly resource: XaResource;
  readonly held: HeldBranches;
  /** How old a prepared branch has to be that the coordinator knows nothing of. */
  readonly horizonMs: number;
  readonly intervalMs: number;
}

/** Whoever waits for a slot may look a little sooner, but not all the time. */
const SOON_MS = 250;

/**
 * Looks from time to time at what is prepared in the database. What the coordinator has decided is
 * ended that way; what it knows nothing of is rolled back once it is older than every transaction
 * can be; everything else is left alone.
 */
export class RecoveryScan {
  readonly #deps: RecoveryScanDeps;
  /** When a branch was first seen, for databases that do not remember its age. */
  #firstSeen = new Map<string, number>();
  #timer: Timer | undefined;
  #looksSoon = false;
  #running: Promise<void> | undefined;
  #isOn = false;
  #isNeeded = false;
  #hasFailed = false;

  constructor(deps: RecoveryScanDeps) {
    this.#deps = deps;
  }

  /** @param isNeeded whether to go on when the first look finds nothing */
  start(isNeeded: boolean): void {
    this.#isOn = true;
    this.#isNeeded ||= isNeeded;
    this.#after(0);
  }

  /** There are branches from now on. */
  keepLooking(): void {
    if (this.#isNeeded) return;
    this.#isNeeded = true;
    if (this.#isOn && this.#timer === undefined) this.#after(this.#deps.intervalMs);
  }

  lookSoon(): void {
    if (!this.#isOn || this.#looksSoon || this.#running !== undefined) return;
    // Whoever asks next must not put it off again.
    this.#looksSoon = true;
    this.#after(SOON_MS);
  }

  /** Waits for the look that is under way. */
  async stop(): Promise<void> {
    this.#isOn = false;
    this.#timer?.cancel();
    await this.#running;
  }

  #after(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.resource.host.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#looksSoon = false;
      this.#running ??= this.#look().finally(() => {
        this.#running = undefined;
        if (this.#isOn && this.#isNeeded) this.#after(this.#deps.intervalMs);
      });
    });
  }

  async #look(): Promise<void> {
    const { engine, host, resourceId } = this.#deps.resource;
    try {
      const listed = await engine.list();
      failpoint('xa.scan.listed');
      if (listed.length > 0) this.#isNeeded = true;
      this.#remember(listed);
      for (const branch of listed) this.#deps.held.learn(branch, branch.proof);
      for (const branch of listed) await this.#resolve(branch);
      await this.#forgetEnded(listed);
      this.#hasFailed = false;
    } catch (error) {
      // Once: a database that is down is news enough.
      if (!this.#hasFailed && this.#isOn && this.#isNeeded) {
        host.log.warn(`${resourceId}: prepared branches could not be listed: ${messageOf(error)}`);
      }
      this.#hasFailed = true;
    }
  }

  #remember(listed: readonly PreparedBranch[]): void {
    const now = this.#deps.resource.host.clock.monotonicMs();
    const seen = listed.map(
      ({ branchId }) => [branchId, this.#firstSeen.get(branchId) ?? now] as const,
    );
    this.#firstSeen = new Map(seen);
  }

  async #resolve(branch: PreparedBranch): Promise<void> {
    const { resource } = this.#deps;
    if (!this.#isOn || resource.isOpen(branch)) return;
    let summary: GlobalSummary;
    try {
      summary = await resource.host.client.status({ xid: branch.xid });
    } catch {
      return; // Nobody can say: it stays as it is.
    }
    const ending = this.#endingFor(branch, summary);
    if (ending === undefined) return;
    if (summary.status === 'absent') failpoint('xa.scan.orphan');
    this.#tell(branch, ending, summary, await resource.end(branch, ending));
  }

  #endingFor(branch: PreparedBranch, summary: GlobalSummary): Ending | undefined {
    if (summary.status === 'active') return undefined;
    if (summary.status === 'absent') {
      return this.#ageOf(branch) >= this.#deps.horizonMs ? 'rollback' : undefined;
    }
    if (!isCommitDecided(summary.status)) return 'rollback';
    const known = summary.branches.find(({ branchId }) => branchId === branch.branchId);
    if (known?.status === 'accepted') return undefined;
    // Its phase one was given up, so it is no part of what was committed.
    return known?.status === 'abandoned' ? 'rollback' : 'commit';
  }

  #ageOf({ ageMs, branchId }: PreparedBranch): number {
    if (ageMs !== undefined) return ageMs;
    const now = this.#deps.resource.host.clock.monotonicMs();
    return now - (this.#firstSeen.get(branchId) ?? now);
  }

  #tell(
    { branchId, xid }: PreparedBranch,
    ending: Ending,
    { status }: GlobalSummary,
    outcome: BranchOutcome,
  ): void {
    const { host, resourceId } = this.#deps.resource;
    const what = `${resourceId}: prepared branch ${branchId} of ${xid} (${status}): ${ending}`;
    if (outcome.kind === 'done') host.log.info(`${what} by the recovery scan`);
    else host.log.debug(`${what} is not possible yet: ${outcome.error}`);
  }

  /** What another process has ended takes no slot here, and after its transaction no memory. */
  async #forgetEnded(listed: readonly PreparedBranch[]): Promise<void> {
    const { held, resource } = this.#deps;
    const isListed = new Set(listed.map(({ branchId }) => branchId));
    for (const { freeSlot, tag } of held.olderThan(SOON_MS)) {
      if (isListed.has(tag.branchId)) continue;
      freeSlot();
      const { status } = await resource.host.client.status({ xid: tag.xid });
      if (status === 'committed' || status === 'rolled-back') held.remove(tag);
    }
  }
}
