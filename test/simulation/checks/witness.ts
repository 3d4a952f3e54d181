import type { GlobalSummary } from '../../../lib/protocol/index.js';
import type { Decision, History } from './history.js';
import { decisionOf } from './history.js';
import type { Report } from './violation.js';

/** What a client has set out to do. */
export interface Intent {
  readonly xid: string;
  readonly workIds: readonly string[];
}

/** One call of a coordinator, as far as it says what is to be done. */
export interface CoordinatorRequest {
  readonly method: string;
  readonly xid: string;
  readonly branchId?: string | undefined;
}

/** What was said and done outside of the coordinators; checked at once against what is durable. */
export class Witness {
  readonly #history: History;
  readonly #report: Report;
  readonly #intents = new Map<string, Intent>();
  readonly #commitAsked = new Set<string>();
  readonly #forbidden = new Set<string>();
  /** What clients were told. */
  readonly #told = new Map<string, Decision>();
  /** Orders that may have taken effect, by what they ask for. */
  readonly #orders = new Map<string, number>();

  constructor(history: History, report: Report) {
    this.#history = history;
    this.#report = report;
  }

  get intents(): ReadonlyMap<string, Intent> {
    return this.#intents;
  }

  get told(): ReadonlyMap<string, Decision> {
    return this.#told;
  }

  intended(intent: Intent): void {
    this.#intents.set(intent.xid, intent);
  }

  /** A client whose work is all done asks for the commit. */
  askedToCommit(xid: string): void {
    this.#commitAsked.add(xid);
  }

  hasAskedToCommit(xid: string): boolean {
    return this.#commitAsked.has(xid);
  }

  /** A client was told that the commit is forbidden from now on. */
  forbade(xid: string): void {
    this.#forbidden.add(xid);
  }

  isForbidden(xid: string): boolean {
    return this.#forbidden.has(xid);
  }

  /** A coordinator begins with a request, which may take effect from now on. */
  received(request: CoordinatorRequest): void {
    this.#count(request, 1);
  }

  /** The coordinator has refused it for good: it promises that nothing has changed. */
  refused(request: CoordinatorRequest): void {
    this.#count(request, -1);
  }

  /** Whether a coordinator has received the request, and has not refused it each time. */
  mayHaveDone(request: CoordinatorRequest): boolean {
    return (this.#orders.get(orderOf(request)) ?? 0) > 0;
  }

  #count(request: CoordinatorRequest, by: 1 | -1): void {
    const order = orderOf(request);
    this.#orders.set(order, (this.#orders.get(order) ?? 0) + by);
  }

  /** The answer of a coordinator has reached somebody. */
  heard({ status, xid }: GlobalSummary): void {
    if (status === 'absent') {
      const isKnown = this.#commitAsked.has(xid) && this.#intents.get(xid)?.workIds.length !== 0;
      if (isKnown) this.#report('PROMISE', `${xid}: told absent, and its branches are registered`);
      return;
    }
    const told = decisionOf(status);
    if (told === undefined) return;
    this.#told.set(xid, told);
    const durable = this.#history.decisionOf(xid);
    if (durable === undefined) {
      this.#report('DURABLE', `${xid}: told ${status} before that was durable`);
    } else if (durable !== told) {
      this.#report('PROMISE', `${xid}: told ${status}, and the decision is ${durable}`);
    }
  }

  /** Phase two has reached a participant. */
  phaseTwo(xid: string, direction: Decision): void {
    const durable = this.#history.decisionOf(xid);
    if (durable === direction) return;
    const instead = durable ?? 'nothing';
    this.#report('DURABLE', `${xid}: phase two came as ${direction}, and ${instead} was durable`);
  }
}

const orderOf = ({ branchId = '', method, xid }: CoordinatorRequest): string =>
  `${method} ${xid} ${branchId}`;
