import type { AwaitReleaseRequest, Clock, ReleaseSummary } from '../../protocol/index.js';
import { assertXid } from '../../protocol/index.js';
import { summaryOf } from '../core/index.js';
import type { DeadlockWatch } from './deadlock-watch.js';
import type { Ending } from './end-signal.js';
import type { ForetoldCommit } from './foretold-commit.js';
import type { LiveSession } from './live-session.js';
import { OpenWait } from './open-wait.js';
import type { SessionTable } from './session-table.js';
import type { SessionWait } from './session-wait.js';
import type { Standing } from './standing.js';
import { holdsRows } from './standing.js';
import type { Waiters } from './waiters.js';

interface ReleaseWaitDeps {
  readonly namespace: string;
  readonly clock: Clock;
  readonly table: SessionTable;
  readonly wait: SessionWait;
  readonly deadlocks: DeadlockWatch;
}

/** What stands, and whether it will. */
interface Released {
  readonly standing: Standing;
  /** Of a commit that is only foretold. */
  readonly durable?: Promise<boolean> | undefined;
}

const isOver = (session: Standing): boolean => !holdsRows(session);

/** Waits for rows that sessions have locked. */
export class ReleaseWait {
  readonly #deps: ReleaseWaitDeps;

  constructor(deps: ReleaseWaitDeps) {
    this.#deps = deps;
  }

  /** @param gone aborted when nobody waits for the answer any more */
  async until(request: AwaitReleaseRequest, gone: Ending | undefined): Promise<ReleaseSummary> {
    const { waiterXid, xid } = request;
    if (waiterXid === undefined) return released(xid, await this.#until(request, gone));
    const { clock, deadlocks, namespace, table } = this.#deps;
    const wait = new OpenWait({
      namespace,
      waiterXid: assertXid(waiterXid),
      holderXid: xid,
      sinceMs: clock.monotonicMs(),
      standing: (member) => table.standing(member),
      gone,
    });
    deadlocks.entered(wait);
    try {
      const found = await this.#until(request, wait.over);
      const { circle } = wait;
      const isCircle = circle !== undefined && holdsRows(found.standing);
      return { ...released(xid, found), ...(isCircle && { circle }) };
    } finally {
      deadlocks.left(wait);
    }
  }

  async #until(
    { mayBeForetold, timeoutMs, xid }: AwaitReleaseRequest,
    gone: Ending | undefined,
  ): Promise<Released> {
    const { wait } = this.#deps;
    if (mayBeForetold !== true) {
      const waitersOf = ({ releaseWaiters }: LiveSession): Waiters => releaseWaiters;
      return { standing: await wait.until(xid, timeoutMs, { isOver, waitersOf, gone }) };
    }
    // What is answered in the end is what was looked at last.
    let foretold: ForetoldCommit | undefined;
    const standing = await wait.until(xid, timeoutMs, {
      isOver,
      waitersOf: ({ foretellWaiters }) => foretellWaiters,
      standingOf: (live) => {
        ({ foretold } = live);
        return foretold?.session ?? live.session;
      },
      gone,
    });
    return { standing, durable: foretold?.durable };
  }
}

function released(xid: string, { durable, standing }: Released): ReleaseSummary {
  return { ...summaryOf(xid, standing), ...(durable !== undefined && { durable }) };
}
