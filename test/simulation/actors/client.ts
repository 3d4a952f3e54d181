import type { BeginRequest } from '../../../lib/protocol/index.js';
import type { Life } from '../kernel/index.js';
import { LOST_ANSWER } from '../kernel/index.js';
import type { World } from '../runs/world.js';
import type { Plan } from './plan.js';
import { drawPlan } from './plan.js';
import { RemoteClient } from './remote-client.js';

const ASK_ATTEMPTS_MAX = 4;
const WORK_ATTEMPTS_MAX = 2;
const WORK_TIMEOUT_MS = 1_500;
const THINK_MS_MAX = 150;
const APPLICATION_ID = 'shop';

/** What outlasts a client's crash: how many transactions it has begun. */
export interface ClientMemory {
  begunCount: number;
}

/**
 * A service that runs global transactions, one after the other. It commits only what has been done
 * at every participant; what it is not told it asks for again, up to a point.
 */
export class Client {
  readonly #world: World;
  readonly #life: Life;
  readonly #memory: ClientMemory;
  readonly #remote: RemoteClient;

  constructor(world: World, life: Life, memory: ClientMemory) {
    this.#world = world;
    this.#life = life;
    this.#memory = memory;
    const { coordinators, network, rng, witness } = world;
    this.#remote = new RemoteClient({ life, network, rng, coordinators, witness });
  }

  /** What another client asks of this one. */
  async serve(_method: string, payload: unknown): Promise<unknown> {
    const { xid } = payload as { xid: string };
    await this.#end(xid, 'rollback', 0);
    return 'ok';
  }

  async run(count: number): Promise<void> {
    while (this.#memory.begunCount < count) {
      this.#memory.begunCount += 1;
      await this.#life.sleep(this.#world.rng.between(0, THINK_MS_MAX));
      await this.#transaction(drawPlan(this.#world));
    }
  }

  async #transaction(plan: Plan): Promise<void> {
    const { witness } = this.#world;
    const { xid } = plan;
    witness.intended({ xid, workIds: plan.works.map(({ work }) => work.workId) });
    const begun = this.#begin(plan);
    const isReady = plan.isBold || (await begun);
    const isDone = isReady && (await this.#works(plan)) && (await begun);
    if (plan.end === 'walk-away') return;
    if (!isDone || plan.end === 'rollback') {
      await this.#end(xid, 'rollback', plan.waitMs);
      return;
    }
    if (plan.isForbidden) await this.#forbid(xid);
    witness.askedToCommit(xid);
    if (plan.end === 'both') this.#letOtherRollBack(xid);
    await this.#end(xid, 'commit', plan.waitMs);
  }

  async #begin({ beginsWithWork, isBold, timeoutMs, xid }: Plan): Promise<boolean> {
    if (beginsWithWork) return true;
    const request: BeginRequest = {
      xid,
      name: 'transfer',
      applicationId: APPLICATION_ID,
      timeoutMs,
      ...(isBold && { mayWait: true }),
    };
    return this.#attempt(ASK_ATTEMPTS_MAX, () => this.#remote.begin(request));
  }

  async #works(plan: Plan): Promise<boolean> {
    if (plan.isParallel) {
      const done = await Promise.all(plan.works.map((planned) => this.#work(plan, planned)));
      return done.every(Boolean);
    }
    for (const planned of plan.works) {
      if (!(await this.#work(plan, planned))) return false;
    }
    return true;
  }

  async #work(plan: Plan, { at, work }: Plan['works'][number]): Promise<boolean> {
    const { beginsWithWork, timeoutMs } = plan;
    const begin = { name: 'transfer', applicationId: APPLICATION_ID, timeoutMs };
    const payload = beginsWithWork ? { ...work, begin } : work;
    return this.#attempt(WORK_ATTEMPTS_MAX, async () => {
      const call = { to: at, method: 'work', payload, timeoutMs: WORK_TIMEOUT_MS };
      const answer = await this.#world.network.call(this.#life, call);
      if (answer !== 'ok') throw new Error('nonsense came');
    });
  }

  async #forbid(xid: string): Promise<void> {
    try {
      await this.#remote.setRollbackOnly({ xid, reason: 'changed my mind' });
      this.#world.witness.forbade(xid);
    } catch {
      // Not told that it holds: the commit may go through, and nothing was promised.
    }
  }

  #letOtherRollBack(xid: string): void {
    const { clients, network } = this.#world;
    const other = clients.find((client) => client !== this.#life.process);
    if (other === undefined) return;
    const call = { to: other, method: 'rollback', payload: { xid }, timeoutMs: WORK_TIMEOUT_MS };
    network.call(this.#life, call).catch(() => undefined);
  }

  /** Asks until it is told, now and then by looking; gives up in the end. */
  async #end(xid: string, kind: 'commit' | 'rollback', waitMs: number): Promise<void> {
    await this.#attempt(ASK_ATTEMPTS_MAX, async (attempt) => {
      if (attempt > 1 && this.#world.rng.chance(0.3)) await this.#remote.status({ xid });
      await this.#remote[kind]({ xid, waitMs });
    });
  }

  /** Tries again what has an unknown outcome. Returns whether it was answered well. */
  async #attempt(countMax: number, call: (attempt: number) => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1; attempt <= countMax; attempt += 1) {
      try {
        await call(attempt);
        return true;
      } catch (error) {
        if ((error as { code?: string }).code !== LOST_ANSWER) return false;
      }
    }
    return false;
  }
}
