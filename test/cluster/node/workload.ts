import type { CoordinatorClient, GlobalSummary, Ids } from '../../../lib/protocol/index.js';
import { ACCOUNTS, SIDES } from '../business.js';
import type { Journal } from './journal.js';
import type { Work } from './participant.js';
import type { EndOrder, NodeService } from './peer.js';

interface WorkloadDeps {
  readonly node: string;
  readonly client: CoordinatorClient;
  readonly ids: Ids;
  readonly journal: Journal;
  /** This node's part, without the network. */
  readonly here: NodeService;
  readonly there: NodeService;
}

/** How a client ends its transaction, and how often: shares of 100. */
const ENDINGS = [
  { share: 50, ending: 'commit' },
  { share: 20, ending: 'rollback' },
  { share: 10, ending: 'walk away' },
  { share: 10, ending: 'commit and roll back at once' },
  { share: 10, ending: 'commit when its time is up' },
] as const;

type Ending = (typeof ENDINGS)[number]['ending'];

const TIMEOUT_MS: Readonly<Record<Ending, number>> = {
  commit: 8_000,
  rollback: 8_000,
  'walk away': 1_000,
  'commit and roll back at once': 8_000,
  'commit when its time is up': 60,
};

const ASK_COUNT_MAX = 2;
const AMOUNT_MAX = 100;
const PAUSE_MS_MAX = 20;

/** Transfers from an order's account to a wallet's, each side on any of the two nodes. */
export class Workload {
  readonly #deps: WorkloadDeps;
  readonly #workers: Promise<void>[] = [];
  #isOver = false;

  constructor(deps: WorkloadDeps) {
    this.#deps = deps;
  }

  start(concurrency: number): void {
    for (let index = 0; index < concurrency; index += 1) this.#workers.push(this.#work());
  }

  /** Begins no more transactions, and waits for those under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      // What fails here is what the test is about; the journal knows what was promised before.
      await this.#transfer().catch(() => undefined);
      await pause(draw(PAUSE_MS_MAX));
    }
  }

  async #transfer(): Promise<void> {
    const { client, ids, journal, node } = this.#deps;
    const xid = ids.newXid();
    const ending = drawEnding();
    const timeoutMs = TIMEOUT_MS[ending];
    await client.begin({ xid, name: 'Cluster.transfer', applicationId: node, timeoutMs });
    journal.write({ kind: 'begun', xid, node });
    const isPrepared = await this.#prepare(xid);
    if (ending === 'walk away') return;
    if (!isPrepared || ending === 'rollback') {
      await this.#end(xid, 'rollback');
      return;
    }
    if (ending === 'commit and roll back at once') {
      await Promise.all([this.#end(xid, 'commit'), this.#end(xid, 'rollback')]);
      return;
    }
    if (ending === 'commit when its time is up') await pause(draw(TIMEOUT_MS[ending]));
    await this.#end(xid, 'commit');
  }

  /** Both branches, one after the other or at once. Returns whether both are certain. */
  async #prepare(xid: string): Promise<boolean> {
    const amount = 1 + draw(AMOUNT_MAX);
    const works = SIDES.map((side, index) => ({
      xid,
      branchId: this.#deps.ids.newBranchId(),
      side,
      account: 1 + draw(ACCOUNTS),
      amount: index === 0 ? -amount : amount,
    }));
    const attempt = async (work: Work): Promise<boolean> => {
      try {
        await this.#anywhere().branch(work);
        return true;
      } catch {
        return false;
      }
    };
    if (draw(2) === 0) return (await Promise.all(works.map(attempt))).every(Boolean);
    for (const work of works) if (!(await attempt(work))) return false;
    return true;
  }

  /** Asks again where the answer is unknown, at the same node or at the other one. */
  async #end(xid: string, direction: EndOrder['direction']): Promise<void> {
    const { journal, node } = this.#deps;
    for (let asked = 0; asked < ASK_COUNT_MAX; asked += 1) {
      const waitMs = draw(4) === 0 ? 1_000 : 0;
      const status = await this.#ask({ xid, direction, waitMs });
      if (status === undefined) continue;
      journal.write({ kind: 'told', xid, node, by: direction, status });
      return;
    }
  }

  async #ask(order: EndOrder): Promise<GlobalSummary['status'] | undefined> {
    try {
      return await this.#anywhere().end(order);
    } catch {
      return undefined;
    }
  }

  #anywhere(): NodeService {
    return draw(2) === 0 ? this.#deps.here : this.#deps.there;
  }
}

function drawEnding(): Ending {
  let left = draw(100);
  for (const { ending, share } of ENDINGS) {
    left -= share;
    if (left < 0) return ending;
  }
  return 'commit';
}

/** A whole number from 0 to below the bound. */
function draw(bound: number): number {
  return Math.floor(Math.random() * bound);
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
