import type { Session } from '../lib/coordinator/core/index.js';
import type { StoreCommand } from '../lib/coordinator/store/index.js';
import type { Engine } from './engines/index.js';
import { systemIds } from './support/product.js';
import { RESOURCE_IDS } from './support/resources.js';
import { lifeOf } from './support/session-life.js';

const BATCH_COUNT = 2_000;
/** Young enough that nothing purges them while they are measured. */
const ENDED_WITHIN_MS = 3_600_000;

interface HistoryOptions {
  /** The store that is filled. */
  readonly name: string;
  readonly count: number;
  readonly progress: (text: string) => void;
}

/** Fills a store with finished transactions, as they lie there when the coordinator is done. */
export async function fillHistory(engine: Engine, options: HistoryOptions): Promise<void> {
  const { count, name, progress } = options;
  const store = await engine.openStore(name);
  const nowMs = Date.now();
  const ended = lifeOf({ nowMs, resourceIds: RESOURCE_IDS, direction: 'commit' }).at(-1);
  if (ended === undefined) throw new Error('A life without an end.');
  for (let done = 0; done < count; done += BATCH_COUNT) {
    const length = Math.min(BATCH_COUNT, count - done);
    const batch = Array.from({ length }, (_, index) => {
      const ageMs = ENDED_WITHIN_MS * (1 - (done + index) / count);
      return endOf(ended, Math.floor(nowMs - ageMs));
    });
    const answers = await store.apply(batch);
    const failed = answers.find(({ kind }) => kind !== 'done');
    if (failed !== undefined) throw new Error(`The store answered ${JSON.stringify(failed)}.`);
    progress(`${done + length} of ${count} finished transactions`);
  }
  await store.close();
}

function endOf(session: Session, endedAtMs: number): StoreCommand {
  const after: Session = {
    ...session,
    xid: systemIds.newXid(),
    branches: session.branches.map((branch) => ({ ...branch, branchId: systemIds.newBranchId() })),
    beganAtMs: endedAtMs,
    decidedAtMs: endedAtMs,
    endedAtMs,
  };
  return { kind: 'end', before: undefined, after, branch: undefined };
}
