import type { OperateRequest } from '../../../lib/protocol/index.js';
import type { Session } from '../../../lib/coordinator/index.js';
import { decisionOf, isEnded } from '../checks/index.js';
import type { Life } from '../kernel/index.js';
import type { World } from '../runs/world.js';
import { RemoteClient } from './remote-client.js';

const EVERY_MS = 400;

/**
 * A person who looks after branches that do not finish: stops and retries them while there are
 * faults, and orders another try of what has been given up when they are over.
 */
export class Operator {
  readonly #world: World;
  readonly #life: Life;
  readonly #remote: RemoteClient;

  constructor(world: World, life: Life) {
    this.#world = world;
    this.#life = life;
    const { coordinators, network, rng, witness } = world;
    this.#remote = new RemoteClient({ life, network, rng, coordinators, witness });
  }

  async run(): Promise<void> {
    for (;;) {
      await this.#life.sleep(EVERY_MS);
      for (const order of this.#orders()) {
        // Refused or not answered: the next round looks again.
        await this.#remote.operate(order).catch(() => undefined);
      }
    }
  }

  #orders(): readonly OperateRequest[] {
    const { isHealed, rng } = this.#world;
    const open = [...this.#world.history.sessions.values()].filter(isUnfinished);
    if (isHealed) return open.flatMap(retries);
    if (open.length === 0 || rng.chance(0.7)) return [];
    return [{ xid: rng.pick(open).xid, action: rng.pick(['retry', 'stop'] as const) }];
  }
}

function isUnfinished({ status }: Session): boolean {
  return decisionOf(status) !== undefined && !isEnded(status);
}

/** Only what nobody else would try again. */
function retries({ branches, xid }: Session): readonly OperateRequest[] {
  return branches
    .filter(({ status }) => status === 'needs-attention')
    .map(({ branchId }) => ({ xid, branchId, action: 'retry' }));
}
