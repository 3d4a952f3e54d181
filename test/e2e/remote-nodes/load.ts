import { codeOf } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import type { RunJournal } from './run-journal.js';
import type { Service } from './service.js';

const PARALLEL = 16;
const TRANSACTIONS_MAX = 20_000;
/** Every so-manieth transaction is rolled back. */
const ROLLBACK_EVERY = 4;
const TIMEOUT_MS = 20_000;
const ROLLBACK_WAIT_MS = 5_000;
const PROGRESS_MS_MAX = 20_000;

interface LoadSettings {
  readonly launcher: Service;
  /** Each does one branch of each transaction, in turn the first one and the last one. */
  readonly instances: readonly Service[];
  readonly journal: RunJournal;
}

/** Transactions of two branches, many at a time, until it is stopped. */
export class Load {
  /** Calls that were rejected, such as `commit DTX_ERR_OUTCOME_UNKNOWN`. */
  readonly failures: string[] = [];
  doneCount = 0;
  readonly #settings: LoadSettings;
  readonly #running: Promise<unknown>;
  #begunCount = 0;
  #isStopped = false;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#running = Promise.all(Array.from({ length: PARALLEL }, () => this.#work()));
  }

  /** Resolves when so many more transactions are done. */
  async advances(count: number): Promise<void> {
    const goal = this.doneCount + count;
    await until(() => this.doneCount >= goal, PROGRESS_MS_MAX);
  }

  /** Resolves when the last one has been answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (!this.#isStopped && this.#begunCount < TRANSACTIONS_MAX) {
      this.#begunCount += 1;
      await this.#transaction(this.#begunCount);
      this.doneCount += 1;
    }
  }

  async #transaction(place: number): Promise<void> {
    const { instances, journal, launcher } = this.#settings;
    const xid = begin(journal);
    const inTurn = place % 2 === 0 ? instances : [...instances].reverse();
    const isWell = await this.#try('phase one', async () => {
      await beginAt(launcher, xid);
      journal.add({ kind: 'told', xid, what: 'begun' });
      for (const instance of inTurn) await workAt(instance, xid, journal);
      return true;
    });
    const mayCommit = isWell === true && place % ROLLBACK_EVERY !== 0;
    await this.#end(xid, mayCommit ? 'commit' : 'rollback');
  }

  async #end(xid: string, what: 'commit' | 'rollback'): Promise<void> {
    const { journal, launcher } = this.#settings;
    const answer = await this.#try(what, () => end(launcher, xid, what, journal));
    if (answer !== undefined) return;
    // Whoever was not told asks.
    const summary = await this.#try('status', () => launcher.client.status({ xid }));
    if (summary !== undefined) journal.add({ kind: 'told', xid, what: summary.status });
  }

  async #try<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      this.failures.push(`${what} ${codeOf(error) ?? String(error)}`);
      return undefined;
    }
  }
}

/** @returns the xid of a new transaction, which only the journal knows so far */
export function begin(journal: RunJournal): string {
  const xid = systemIds.newXid();
  journal.add({ kind: 'named', xid });
  return xid;
}

export async function beginAt({ client, name }: Service, xid: string): Promise<void> {
  await client.begin({ xid, name: 'order', applicationId: name, timeoutMs: TIMEOUT_MS });
}

/** Phase one of a branch at an instance. */
export async function workAt(
  { client, name }: Service,
  xid: string,
  journal: RunJournal,
): Promise<void> {
  const branchId = systemIds.newBranchId();
  const branch = {
    xid,
    branchId,
    type: 'AT',
    resourceId: 'orders',
    applicationId: 'shop',
  } as const;
  await client.registerBranch(branch);
  journal.worked(name, { xid, branchId });
}

/** Asks for the end, and writes down what was told. */
export async function end(
  { client }: Service,
  xid: string,
  what: 'commit' | 'rollback',
  journal: RunJournal,
): Promise<string> {
  journal.add({ kind: 'asked', xid, what });
  const waitMs = what === 'commit' ? 0 : ROLLBACK_WAIT_MS;
  const { status } = await client[what]({ xid, waitMs });
  journal.add({ kind: 'told', xid, what: status });
  return status;
}
