import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Session } from '../lib/coordinator/core/index.js';
import type { SessionStore } from '../lib/coordinator/index.js';
import type { BranchHandler, BranchOutcome } from '../lib/protocol/index.js';
import type { Engine } from './engines/index.js';
import { CountingStore } from './support/counting-store.js';
import { EmbeddedClient, openCoordinator, systemClock, systemIds } from './support/product.js';
import { NAMESPACE, lifeOf } from './support/session-life.js';

const ANSWER_MS = 5;
const BATCH_COUNT = 1_000;
/** The last one is the odd one. */
const RESOURCE_IDS = Array.from({ length: 10 }, (_, index) => `bench-resource-${index}`);
const ODD_ID = RESOURCE_IDS.at(-1) ?? '';

const DONE: BranchOutcome = { kind: 'done' };
const LATER: BranchOutcome = { kind: 'retry', error: 'the benchmark is over' };

interface RecoveryPlan {
  /** Of the store, which is new. */
  readonly name: string;
  readonly sessionCount: number;
  /** Whether the odd participant answers like the others, or never. */
  readonly isOddWell: boolean;
}

/** Seconds from the start of the coordinator. */
interface RecoveryTimes {
  /** Until the last session without a branch at the odd participant has ended. */
  readonly others: number;
  /** Until the last one of all has ended; of those that can. */
  readonly all: number;
}

/** Leaves decided sessions to a coordinator, one tenth of them at the odd participant. */
export async function recover(engine: Engine, plan: RecoveryPlan): Promise<RecoveryTimes> {
  const { isOddWell, name, sessionCount } = plan;
  const filled = await engine.openStore(name);
  const sessions = decidedSessions(sessionCount);
  await fill(filled, sessions);
  await filled.close();
  const otherCount = sessions.filter(isOther).length;

  const all = new CountingStore(await engine.openStore(name));
  const others = new CountingStore(all, isOther);
  const over = new AbortController();
  const startMs = performance.now();
  const secondsWhen = async (event: Promise<void>): Promise<number> => {
    await event;
    return (performance.now() - startMs) / 1000;
  };
  const store = others;
  const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
  const client = new EmbeddedClient(coordinator.namespace(NAMESPACE), () => coordinator.close());
  for (const resourceId of RESOURCE_IDS) {
    const isWell = isOddWell || resourceId !== ODD_ID;
    await client.attach(isWell ? wellHandler(resourceId) : silentHandler(resourceId, over.signal));
  }
  // The timers of a coordinator do not keep a process.
  const keepAlive = setInterval(() => undefined, 1_000);
  const [othersSeconds, allSeconds] = await Promise.all([
    secondsWhen(others.ended(otherCount)),
    secondsWhen(all.ended(isOddWell ? sessionCount : otherCount)),
  ]);
  clearInterval(keepAlive);
  over.abort();
  await client.close();
  if (!isOddWell && all.endedCount > otherCount) throw new Error('What cannot end has ended.');
  return { others: othersSeconds, all: allSeconds };
}

/**
 * Each has two branches at two of the nine participants, or both at the odd one. The latter are the
 * oldest, so that whoever takes sessions over in portions gets them first.
 */
function decidedSessions(count: number): Session[] {
  const oddCount = Math.ceil(count / RESOURCE_IDS.length);
  const resourcesOf = (index: number): string[] => {
    if (index < oddCount) return [ODD_ID, ODD_ID];
    return [0, 1].map((step) => RESOURCE_IDS[(index + step) % (RESOURCE_IDS.length - 1)] ?? '');
  };
  return Array.from({ length: count }, (_, index) => decided(index, resourcesOf(index)));
}

function isOther({ branches }: Session): boolean {
  return branches.every(({ resourceId }) => resourceId !== ODD_ID);
}

/** As it stands right after its decision. */
function decided(index: number, resourceIds: readonly string[]): Session {
  const direction = index % 2 === 0 ? 'commit' : 'rollback';
  const session = lifeOf({ nowMs: Date.now(), resourceIds, direction })[resourceIds.length + 1];
  if (session?.decidedAtMs === undefined) throw new Error('A life without a decision.');
  return session;
}

async function fill(store: SessionStore, sessions: readonly Session[]): Promise<void> {
  for (let from = 0; from < sessions.length; from += BATCH_COUNT) {
    const answers = await store.apply(
      sessions.slice(from, from + BATCH_COUNT).map((after) => ({
        kind: 'decide',
        before: undefined,
        after,
        branch: undefined,
      })),
    );
    const failed = answers.find(({ kind }) => kind !== 'done');
    if (failed !== undefined) throw new Error(`The store answered ${JSON.stringify(failed)}.`);
  }
}

function wellHandler(resourceId: string): BranchHandler {
  const finish: BranchHandler['commitBranches'] = async (targets) => {
    await sleep(ANSWER_MS);
    return targets.map(() => DONE);
  };
  return { resourceId, type: 'AT', commitBranches: finish, rollbackBranches: finish };
}

/** Answers nothing until the measurement is over, and nothing good then. */
function silentHandler(resourceId: string, over: AbortSignal): BranchHandler {
  const hang: BranchHandler['commitBranches'] = async (targets) => {
    if (!over.aborted) await once(over, 'abort');
    return targets.map(() => LATER);
  };
  return { resourceId, type: 'AT', commitBranches: hang, rollbackBranches: hang };
}
