import type { Clock, DtxLog, Timer } from '../../protocol/index.js';
import { messageOf } from '../../protocol/index.js';
import type { HoldersOf } from '../core/index.js';
import { circleEndedBy, isInCircle } from '../core/index.js';
import type { PostedWait, WaitBoard } from '../store/index.js';
import {
  LONG_WAIT_MS,
  POSTED_WAITS_MAX,
  POSTING_MS,
  WAIT_CONFIRM_MS,
  WAIT_LOOK_MS,
} from './limits.js';
import type { OpenWait } from './open-wait.js';
import { OpenWaits, keyOf } from './open-waits.js';

interface DeadlockWatchDeps {
  readonly clock: Clock;
  readonly log: DtxLog;
  /** This node, as the others know it. */
  readonly node: string;
  /** Where the nodes of a shared store tell each other; undefined where there is but this one. */
  readonly board: WaitBoard | undefined;
}

/**
 * Finds global transactions that wait for each other in a circle, and ends the wait of one of them.
 *
 * A circle whose waits are all at this node is found as it closes. One over several nodes is found
 * on the board, where waits come that have lasted for a while; there it has to be seen twice, since
 * a wait may have ended without its node having said so yet.
 */
export class DeadlockWatch {
  readonly #deps: DeadlockWatchDeps;
  readonly #waits = new OpenWaits();
  #timer: Timer | undefined;
  #isLooking = false;
  #isPosted = false;
  #isStopped = false;
  /** A board that is out of reach is told once. */
  #isFailing = false;

  constructor(deps: DeadlockWatchDeps) {
    this.#deps = deps;
  }

  /** Calls that wait at this node. */
  get waitCount(): number {
    return this.#waits.size;
  }

  entered(wait: OpenWait): void {
    this.#waits.add(wait);
    this.#planLook(WAIT_LOOK_MS);
    const holdersOf = this.#waits.holdersIn(wait.namespace);
    if (isInCircle(wait, holdersOf)) void this.#endCircles(wait.namespace, holdersOf);
  }

  left(wait: OpenWait): void {
    wait.close();
    this.#waits.remove(wait);
  }

  /** Takes down what this node has posted. Never rejects: it lapses by itself. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    if (this.#isPosted) await this.#exchange([]);
  }

  /** The closing wait need not be the one that has to end the circle. */
  async #endCircles(namespace: string, holdersOf: HoldersOf): Promise<void> {
    const waits = [...this.#waits.all()].filter((wait) => wait.namespace === namespace);
    for (const wait of waits) {
      const circle = await this.#circleOf(wait, holdersOf);
      if (circle !== undefined) wait.fall(circle);
    }
  }

  /**
   * The circle that the wait has to end. Who is decided already waits for nothing any more,
   * whatever a call of it still does: such a circle opens by itself.
   */
  async #circleOf(wait: OpenWait, holdersOf: HoldersOf): Promise<readonly string[] | undefined> {
    const ended = new Set<string>();
    const undecided: HoldersOf = (xid) => (ended.has(xid) ? [] : holdersOf(xid));
    for (;;) {
      const circle = this.#waits.has(wait) ? circleEndedBy(wait, undecided) : undefined;
      if (circle === undefined) return undefined;
      const unsure = circle.filter((xid) => !ended.has(xid));
      const found = await Promise.all(unsure.map((xid) => isActive(wait, xid)));
      const decided = unsure.filter((_, index) => found[index] !== true);
      if (decided.length === 0) return this.#still(wait, circle, undecided);
      if (decided.includes(wait.waiterXid)) return undefined;
      for (const xid of decided) ended.add(xid);
    }
  }

  /** The store was asked meanwhile, and waits may have ended. */
  #still(
    wait: OpenWait,
    circle: readonly string[],
    holdersOf: HoldersOf,
  ): readonly string[] | undefined {
    if (!this.#waits.has(wait) || wait.circle !== undefined) return undefined;
    return circleEndedBy(wait, holdersOf)?.join() === circle.join() ? circle : undefined;
  }

  #planLook(delayMs: number): void {
    const { board, clock } = this.#deps;
    if (board === undefined || this.#isStopped || this.#isLooking) return;
    this.#timer ??= clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#isLooking = true;
      void this.#look().then((nextMs) => {
        this.#isLooking = false;
        if (this.#waits.size > 0 || this.#isPosted) this.#planLook(nextMs);
      });
    });
  }

  /** @returns when to look again */
  async #look(): Promise<number> {
    const since = this.#deps.clock.monotonicMs() - LONG_WAIT_MS;
    const long = [...this.#waits.all()].filter(({ sinceMs }) => sinceMs <= since);
    if (long.length === 0 && !this.#isPosted) return WAIT_LOOK_MS;
    const posted = await this.#exchange(long.slice(0, POSTED_WAITS_MAX));
    if (posted === undefined) return WAIT_LOOK_MS;
    const elsewhere = holdersPosted(posted);
    let isSuspected = false;
    for (const wait of long) {
      const here = this.#waits.holdersIn(wait.namespace);
      const holdersOf: HoldersOf = (xid) => [
        ...here(xid),
        ...(elsewhere.get(keyOf(wait.namespace, xid)) ?? []),
      ];
      const circle = await this.#circleOf(wait, holdersOf);
      const name = circle?.join() ?? '';
      if (circle !== undefined && name === wait.suspected) wait.fall(circle);
      else if (circle !== undefined) isSuspected = true;
      wait.suspected = name;
    }
    return isSuspected ? WAIT_CONFIRM_MS : WAIT_LOOK_MS;
  }

  async #exchange(waits: readonly OpenWait[]): Promise<readonly PostedWait[] | undefined> {
    const { board, clock, log, node } = this.#deps;
    const nowMs = clock.now();
    try {
      const posted = await board?.exchange({
        node,
        waits: waits.map(({ holderXid, namespace, waiterXid }) => ({
          namespace,
          waiterXid,
          holderXid,
        })),
        nowMs,
        untilMs: nowMs + POSTING_MS,
      });
      this.#isPosted = waits.length > 0;
      this.#isFailing = false;
      return posted;
    } catch (error) {
      if (!this.#isFailing) log.warn(`Circles of waits are not looked for: ${messageOf(error)}`);
      this.#isFailing = true;
      return undefined;
    }
  }
}

/** What cannot be read now is left alone. */
async function isActive(wait: OpenWait, xid: string): Promise<boolean> {
  try {
    return (await wait.standing(xid))?.status === 'active';
  } catch {
    return false;
  }
}

function holdersPosted(posted: readonly PostedWait[]): ReadonlyMap<string, readonly string[]> {
  const holders = new Map<string, string[]>();
  for (const { holderXid, namespace, waiterXid } of posted) {
    const key = keyOf(namespace, waiterXid);
    const known = holders.get(key);
    if (known === undefined) holders.set(key, [holderXid]);
    else known.push(holderXid);
  }
  return holders;
}
