import type {
  BeginRequest,
  BranchOutcome,
  BranchTarget,
  CoordinatorClient,
  RegisterBranchRequest,
} from '../../../lib/protocol/index.js';
import type { Life } from '../kernel/index.js';
import { LOST_ANSWER, RemoteCallError, SimIds } from '../kernel/index.js';
import type { World } from '../runs/world.js';
import type { Booking, Ledger, PhaseOne, Refusal } from './ledger.js';

/** What a client asks of a participant: one local transaction inside a global one. */
export interface Work {
  readonly xid: string;
  readonly workId: string;
  readonly bookings: readonly Booking[];
  /** The global transaction begins with this registration, unless it has begun. */
  readonly begin?: Omit<BeginRequest, 'xid' | 'mayWait'>;
}

const REGISTER_ATTEMPTS_MAX = 3;
const LOCK_WAIT_MS = 600;
const LOCAL_SQL_MS_MAX = 4;
const LOCAL_COMMIT_MS_MAX = 2;

/**
 * A service with a database of its own. Phase one registers its branch with any coordinator before
 * its local commit; phase two may come early, late and repeatedly.
 */
export class Participant {
  readonly #world: World;
  readonly #life: Life;
  readonly #ledger: Ledger;
  readonly #client: CoordinatorClient;

  constructor(world: World, life: Life, ledger: Ledger, client: CoordinatorClient) {
    this.#world = world;
    this.#life = life;
    this.#ledger = ledger;
    this.#client = client;
  }

  async serve(method: string, payload: unknown): Promise<unknown> {
    if (method === 'work') return this.#work(payload as Work);
    const targets = payload as readonly BranchTarget[];
    const outcomes: BranchOutcome[] = [];
    // One after the other: each is a local transaction, and a crash may come between two.
    for (const target of targets) outcomes.push(await this.#phaseTwo(method, target));
    return outcomes;
  }

  /** @throws RemoteCallError the local transaction is rolled back */
  async #work(work: Work): Promise<'ok'> {
    if (this.#ledger.hasDone(work.workId)) return 'ok';
    const branchId = new SimIds(this.#world.rng).newBranchId();
    const { rng } = this.#world;
    await this.#life.sleep(rng.between(0, LOCAL_SQL_MS_MAX));
    await this.#register(work, branchId);
    // A pause of a full garbage collection, or a database under load: phase two may overtake it.
    const pauseMs = rng.chance(this.#world.swarm.slowWorkRate) ? rng.between(0, 4_000) : 0;
    await this.#life.sleep(pauseMs);
    const refusal = await this.#commitWhenFree({ ...work, branchId });
    if (refusal === undefined) return 'ok';
    await this.#abandon(work.xid, branchId, refusal);
    if (refusal === 'DONE_ALREADY') return 'ok';
    throw new RemoteCallError(refusal, `phase one is rolled back: ${refusal}`);
  }

  /** Repeating it is harmless, so an unknown outcome is asked for again. */
  async #register({ begin, xid }: Work, branchId: string): Promise<void> {
    const resourceId = this.#ledger.name;
    const request: RegisterBranchRequest = {
      xid,
      branchId,
      type: 'AT',
      resourceId,
      applicationId: resourceId,
      ...(begin !== undefined && { begin }),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#client.registerBranch(request);
        return;
      } catch (error) {
        const isUnknown = (error as { code?: string }).code === LOST_ANSWER;
        if (isUnknown && attempt < REGISTER_ATTEMPTS_MAX) continue;
        if (isUnknown) await this.#abandon(xid, branchId, 'registration is unknown');
        throw error;
      }
    }
  }

  /** Help for the coordinator, no duty: without it phase two finds nothing to do. */
  async #abandon(xid: string, branchId: string, reason: string): Promise<void> {
    await this.#client.abandonBranch({ xid, branchId, reason }).catch(() => undefined);
  }

  /** Waits once for whoever has the rows. */
  async #commitWhenFree(phaseOne: PhaseOne): Promise<Refusal | undefined> {
    const refusal = await this.#commitPhaseOne(phaseOne);
    const xid = this.#ledger.ownerOf(phaseOne.bookings);
    if (refusal !== 'LOCKED' || xid === undefined) return refusal;
    const wait = { xid, waiterXid: phaseOne.xid, timeoutMs: LOCK_WAIT_MS };
    await this.#client.awaitRelease(wait).catch(() => undefined);
    return this.#commitPhaseOne(phaseOne);
  }

  async #commitPhaseOne(phaseOne: PhaseOne): Promise<Refusal | undefined> {
    const outcome = await this.#transaction(`phase one of ${phaseOne.branchId}`, () =>
      this.#ledger.commitPhaseOne(phaseOne),
    );
    // A lost answer of the own database is cleared up by looking: the row is there or not.
    if (outcome.kind === 'done') return outcome.value;
    return this.#ledger.hasDone(phaseOne.workId) ? undefined : 'LOCKED';
  }

  async #phaseTwo(method: string, { xid, branchId }: BranchTarget): Promise<BranchOutcome> {
    const isCommit = method === 'commitBranches';
    this.#world.witness.phaseTwo(xid, isCommit ? 'commit' : 'rollback');
    if (this.#world.rng.chance(this.#world.swarm.cannotRate)) {
      return { kind: 'cannot', error: 'somebody has changed the row' };
    }
    const outcome = await this.#transaction(`${method} of ${branchId}`, () => {
      if (isCommit) this.#ledger.commitBranch(xid, branchId);
      else this.#ledger.rollbackBranch(xid, branchId);
    });
    return outcome.kind === 'done'
      ? { kind: 'done' }
      : { kind: 'retry', error: 'the database did not answer' };
  }

  /** One local transaction, with the two faults that a database has: not done, and done untold. */
  #transaction<T>(what: string, run: () => T): Promise<{ kind: 'done'; value: T } | { kind: '?' }> {
    const { rng, queue, swarm } = this.#world;
    return this.#life.ask((settle) => {
      const delayMs = rng.between(0, LOCAL_COMMIT_MS_MAX);
      const isFailing = rng.chance(swarm.databaseErrorRate);
      const isUntold = rng.chance(swarm.databaseErrorRate);
      queue.after(delayMs, `${this.#life.name} ${what}`, () => {
        if (isFailing) {
          settle(() => ({ kind: '?' }));
          return;
        }
        const value = run();
        settle(() => (isUntold ? { kind: '?' } : { kind: 'done', value }));
      });
    });
  }
}
