import type { Session, SessionKey } from '../../../lib/coordinator/core/index.js';
import type { StoreAnswer, StoreCommand } from '../../../lib/coordinator/index.js';
import type {
  ClaimRequest,
  PostedWait,
  SessionQuery,
  SessionStore,
  WaitBoard,
  WaitPosting,
} from '../../../lib/coordinator/store/index.js';
import type { EventQueue, Life, Rng } from '../kernel/index.js';
import { copyOf } from '../kernel/index.js';

/** Rates are probabilities per call. */
export interface StoreFaults {
  /** The store says no: certainly not done. */
  readonly refusalRate: number;
  /** The request gets lost on its way: not done, and the caller cannot know. */
  readonly lossRate: number;
  /** Done, and the answer gets lost. */
  readonly untoldRate: number;
  /** Per session of a batch: it alone cannot be written. */
  readonly poisonRate: number;
  readonly slowRate: number;
  readonly slowMsMax: number;
}

type Fault = 'refused' | 'lost' | 'untold' | undefined;

interface Request<T> {
  readonly name: string;
  readonly perform: () => Promise<T>;
  /** The answer to a call that was not done, or about which nothing is known. */
  readonly failed: (error: Error) => T;
  readonly unknown: (error: Error) => T;
}

type Settle<T> = (answer: () => T) => void;

interface FaultyStoreDeps {
  readonly life: Life;
  readonly inner: SessionStore;
  readonly queue: EventQueue;
  readonly rng: Rng;
  /** Both are asked anew for each call. */
  readonly faults: () => StoreFaults;
  readonly isOut: () => boolean;
}

const LATENCY_MS_MIN = 0.1;
const LATENCY_MS_MAX = 2;

/** A caller finds out after this long that nobody answers. */
const TIMEOUT_MS = 300;

/**
 * A node's way to the store: each call takes time both ways, may fail, get lost, or be done while
 * its answer gets lost. What is on its way to a shared store when the node dies is done all the
 * same.
 */
export class FaultyStore implements SessionStore {
  readonly #deps: FaultyStoreDeps;

  constructor(deps: FaultyStoreDeps) {
    this.#deps = deps;
  }

  get place(): string {
    return this.#deps.inner.place;
  }

  get isShared(): boolean {
    return this.#deps.inner.isShared;
  }

  get batchesAtOnce(): number {
    return this.#deps.inner.batchesAtOnce ?? 1;
  }

  get waits(): WaitBoard | undefined {
    const { waits } = this.#deps.inner;
    if (waits === undefined) return undefined;
    const exchange = (posting: WaitPosting): Promise<readonly PostedWait[]> => {
      const sent = copyOf(posting);
      return this.#ask(`waits ${sent.waits.length}`, () => waits.exchange(sent));
    };
    return { exchange };
  }

  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const sent = copyOf(batch);
    return this.#call({
      name: `apply ${batch.map(nameOf).join(', ')}`,
      perform: () => this.#applyButSome(sent),
      failed: (error) => batch.map(() => ({ kind: 'failed', error })),
      unknown: (error) => batch.map(() => ({ kind: 'unknown', error })),
    });
  }

  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    const sent = keys.map(({ namespace, xid }) => ({ namespace, xid }));
    return this.#ask(`load ${sent.map(({ xid }) => xid).join(', ')}`, () =>
      this.#deps.inner.load(sent),
    );
  }

  claim(request: ClaimRequest): Promise<readonly Session[]> {
    return this.#ask(`claim ${request.which}`, () => this.#deps.inner.claim(request));
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    return this.#ask('handOver', () => this.#deps.inner.handOver(owner, nowMs));
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    return this.#ask('endedAtOfNewest', () => this.#deps.inner.endedAtOfNewest(countMax));
  }

  list(query: SessionQuery): Promise<readonly Session[]> {
    return this.#ask('list', () => this.#deps.inner.list(query));
  }

  /** The store outlives its nodes. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What cannot be written alone harms no other: each session is answered for itself. */
  async #applyButSome(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const { faults, inner, rng } = this.#deps;
    const sessions = new Set(batch.map(sessionOf));
    const poisoned = [...sessions].filter(() => rng.chance(faults().poisonRate));
    const isPoisoned = (command: StoreCommand): boolean => poisoned.includes(sessionOf(command));
    const answers = await inner.apply(batch.filter((command) => !isPoisoned(command)));
    const error = new Error('a value that cannot be stored');
    let index = 0;
    return batch.map((command) =>
      isPoisoned(command)
        ? { kind: 'failed', error }
        : (answers[index++] ?? { kind: 'failed', error }),
    );
  }

  #ask<T>(name: string, perform: () => Promise<T>): Promise<T> {
    const throws = (error: Error): never => {
      throw error;
    };
    return this.#call({ name, perform, failed: throws, unknown: throws });
  }

  #call<T>(request: Request<T>): Promise<T> {
    const fault = this.#drawFault();
    return this.#deps.life.ask((settle) => {
      if (this.isShared) this.#send(request, fault, settle);
      else this.#perform(request, fault, settle);
    });
  }

  /** Over a network: it may come late, also behind what was sent after it. */
  #send<T>(request: Request<T>, fault: Fault, settle: Settle<T>): void {
    const { life, queue } = this.#deps;
    const label = `store < ${life.name} ${request.name}${fault === undefined ? '' : ` (${fault})`}`;
    const timer = queue.after(TIMEOUT_MS, `store ? ${life.name} ${request.name}`, () => {
      settle(() => request.unknown(new Error('there was no answer in time')));
    });
    if (fault === 'lost') return;
    queue.after(this.#latencyMs(), label, () => {
      this.#perform(request, fault, (answer) => {
        timer.cancel();
        settle(answer);
      });
    });
  }

  #perform<T>(request: Request<T>, fault: Fault, settle: Settle<T>): void {
    const { life, queue } = this.#deps;
    const answer = (what: string, give: () => T): void => {
      queue.after(this.#latencyMs(), `store > ${life.name} ${what}`, () => {
        settle(give);
      });
    };
    if (fault === 'refused') {
      answer(`${request.name} refused`, () => request.failed(new Error('it cannot be done now')));
    } else if (fault === 'lost') {
      answer(`${request.name} lost`, () => request.unknown(untold()));
    } else {
      void request.perform().then(
        (done) => {
          if (fault === undefined) answer(describe(done), () => copyOf(done));
          else if (!this.isShared) answer('untold', () => request.unknown(untold()));
        },
        (error: unknown) => {
          answer('rejected', () => {
            throw error;
          });
        },
      );
    }
  }

  #drawFault(): Fault {
    const { faults, isOut, rng } = this.#deps;
    const { lossRate, refusalRate, untoldRate } = faults();
    if (isOut()) return rng.chance(0.5) ? 'refused' : 'lost';
    if (rng.chance(refusalRate)) return 'refused';
    if (rng.chance(lossRate)) return 'lost';
    return rng.chance(untoldRate) ? 'untold' : undefined;
  }

  #latencyMs(): number {
    const { rng } = this.#deps;
    const { slowMsMax, slowRate } = this.#deps.faults();
    return rng.between(LATENCY_MS_MIN, rng.chance(slowRate) ? slowMsMax : LATENCY_MS_MAX);
  }
}

const sessionOf = (command: StoreCommand): string =>
  command.kind === 'purge' ? 'purge' : command.after.xid;

const untold = (): Error => new Error('nobody knows whether it was done');

function nameOf(command: StoreCommand): string {
  if (command.kind === 'purge') return 'purge';
  const { epoch, status, version, xid } = command.after;
  return `${command.kind} ${xid} ${status}/${epoch}/${version}`;
}

/** Enough of an answer to tell two runs apart. */
function describe(answer: unknown): string {
  if (!Array.isArray(answer)) return String(answer);
  return answer.map(describeItem).join(', ');
}

function describeItem(item: StoreAnswer | Session | PostedWait | undefined): string {
  if (item === undefined) return 'absent';
  if ('waiterXid' in item) return `${item.waiterXid} > ${item.holderXid}`;
  if ('xid' in item) return `${item.xid} ${item.status}/${item.epoch}/${item.version}`;
  return item.kind;
}
