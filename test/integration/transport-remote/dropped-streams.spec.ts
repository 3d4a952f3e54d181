import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Coordinator, NativeServer } from '../../../lib/coordinator/index.js';
import { openCoordinator, openNativeServer, openStore } from '../../../lib/coordinator/index.js';
import type {
  BranchHandler,
  BranchTarget,
  CoordinatorClient,
  GlobalStatus,
} from '../../../lib/protocol/index.js';
import { codeOf } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import type { Fault } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import { RemoteWorld } from './remote-world.js';

const TRANSACTIONS = 1_000;
const AT_A_TIME = 40;
const RESOURCES = ['orders', 'wallet'] as const;
const FAULTS: readonly Fault[] = ['lose-reply', 'lose-request', 'black-hole', 'lose-reply'];

/** What the caller of one transaction knows. */
interface Told {
  readonly xid: string;
  /** Branches that were registered, by what the client was told. */
  readonly registered: number;
  readonly asked: 'commit' | 'rollback';
  /** What it was told; undefined when the answer was unknown. */
  readonly status: GlobalStatus | 'absent' | undefined;
}

const world = new RemoteWorld();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dtx-drop-'));
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a stream that is dropped in the middle of a thousand transactions', () => {
  it('leaves none of them open, and nobody wrongly told', async () => {
    const { coordinator, server } = await openNode();
    const port = Number(server.address.split(':').at(-1));
    const proxy = await openFaultProxy(port);
    world.onClose(() => proxy.close());
    const client = await world.connect({
      urls: [`dtx://127.0.0.1:${String(proxy.port)}`],
      callTimeoutMs: 10_000,
    });
    const journal = new Map<string, string[]>();
    for (const resourceId of RESOURCES) await client.attach(journalled(resourceId, journal));
    const told: Told[] = [];
    const faults = [...FAULTS];
    let begun = 0;
    const work = async (): Promise<void> => {
      while (begun < TRANSACTIONS) {
        begun += 1;
        const xid = systemIds.newXid();
        // The next packet with this xid is the last one of its connection.
        if (begun % 220 === 150) proxy.arm(faults.pop() ?? 'lose-reply', xid);
        told.push(await transact(client, xid));
      }
    };

    await Promise.all(Array.from({ length: AT_A_TIME }, work));

    expect(proxy.struck).toBeGreaterThanOrEqual(4);
    expect(told).toHaveLength(TRANSACTIONS);
    const node = coordinator.namespace('default');
    await until(async () => {
      const summaries = await Promise.all(told.map(({ xid }) => node.status({ xid })));
      return summaries.every(({ status }) => isOver(status));
    }, 15_000);
    for (const { asked, registered, status, xid } of told) {
      const stands = await node.status({ xid });
      const calls = journal.get(xid) ?? [];
      const decided = stands.status === 'committed' ? 'commit' : 'rollback';
      // Both branches were finished in the direction that was decided, and never in the other one.
      expect(new Set(calls.map((call) => call.split(' ')[0]))).toEqual(new Set([decided]));
      expect(new Set(calls).size).toBe(stands.branches.length);
      expect(registered).toBeLessThanOrEqual(stands.branches.length);
      if (status === undefined) continue;
      expect(outcomeOf(status)).toBe(decided);
      expect(decided).toBe(asked);
    }
    // The client has asked again, so hardly anybody was left without an answer.
    expect(told.filter(({ status }) => status === undefined)).toHaveLength(0);
  }, 60_000);
});

async function openNode(): Promise<{ coordinator: Coordinator; server: NativeServer }> {
  const quiet = (): void => undefined;
  const log = { info: quiet, warn: quiet, error: quiet, debug: quiet };
  const ports = { clock: systemClock, ids: systemIds, log };
  const store = await openStore(join(folder, 'coordinator.db'), { isProduction: false });
  const coordinator = await openCoordinator({ store, servesOthers: true, ...ports });
  const server = await openNativeServer({ coordinator, listen: 0, heartbeatMs: 300, ...ports });
  world.onClose(async () => {
    await server.drain();
    await coordinator.close();
    await server.close();
  });
  return { coordinator, server };
}

/** Every third one is rolled back. */
async function transact(client: CoordinatorClient, xid: string): Promise<Told> {
  const asked = randomInt(3) === 0 ? 'rollback' : 'commit';
  const begun = client.begin({
    xid,
    name: 'Shop.order',
    applicationId: 'shop',
    timeoutMs: 60_000,
    mayWait: true,
  });
  for (const [index, resourceId] of RESOURCES.entries()) {
    const branchId = String(index + 1);
    await client.registerBranch({ xid, branchId, type: 'AT', resourceId, applicationId: 'shop' });
  }
  await begun;
  try {
    const { status } = await client[asked]({ xid, waitMs: asked === 'rollback' ? 5_000 : 0 });
    return { xid, asked, registered: 2, status };
  } catch (error) {
    expect(codeOf(error)).toBe('DTX_ERR_TM_OUTCOME_UNKNOWN');
    return { xid, asked, registered: 2, status: undefined };
  }
}

/** A resource that writes down what it was asked for. */
function journalled(resourceId: string, journal: Map<string, string[]>): BranchHandler {
  const note =
    (direction: string) =>
    async (targets: readonly BranchTarget[]): Promise<{ kind: 'done' }[]> =>
      targets.map(({ branchId, xid }) => {
        const calls = journal.get(xid) ?? [];
        journal.set(xid, [...calls, `${direction} ${resourceId} ${branchId}`]);
        return { kind: 'done' };
      });
  const [commitBranches, rollbackBranches] = [note('commit'), note('rollback')];
  return { resourceId, type: 'AT', commitBranches, rollbackBranches };
}

function outcomeOf(status: GlobalStatus | 'absent'): string {
  return status === 'committing' || status === 'committed' ? 'commit' : 'rollback';
}

function isOver(status: GlobalStatus | 'absent'): boolean {
  return status === 'committed' || status === 'rolled-back';
}
