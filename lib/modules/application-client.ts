import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  Clock,
  CoordinatorClient,
  Detach,
  EndRequest,
  GlobalSummary,
  RegisterBranchRequest,
  ReleaseSummary,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../protocol/index.js';
import { CoordinatorClosedError } from '../protocol/index.js';
import { refused } from '../system/index.js';

/** What an application waits for before it lets go of its coordinator. */
interface OpenTransaction {
  /** After this the coordinator has rolled it back, whether its launcher knows or not. */
  readonly deadlineMs: number;
  readonly leave: () => void;
}

interface ApplicationClientDeps {
  /** @param signal aborted when nobody needs it any more */
  readonly connect: (signal: AbortSignal) => Promise<CoordinatorClient>;
  readonly clock: Clock;
  /** Begins a piece of work that a shutdown waits for. */
  readonly enter: () => () => void;
}

/**
 * The coordinator client of one application.
 *
 * It connects at the first call, and at the latest when the application starts: while the
 * container is still being built, something else may fail, and Nest then gives nobody the chance
 * to close what is open.
 */
export class ApplicationClient implements CoordinatorClient {
  readonly #deps: ApplicationClientDeps;
  readonly #open = new Map<string, OpenTransaction>();
  readonly #giveUp = new AbortController();
  #client: CoordinatorClient | undefined;
  #connecting: Promise<CoordinatorClient> | undefined;
  #closing: Promise<void> | undefined;

  constructor(deps: ApplicationClientDeps) {
    this.#deps = deps;
  }

  /** Connects, if that has not happened yet. A failed attempt may be repeated. */
  async connect(): Promise<CoordinatorClient> {
    if (this.#closing !== undefined) throw new CoordinatorClosedError('A call');
    this.#connecting ??= this.#deps.connect(this.#giveUp.signal);
    try {
      this.#client = await this.#connecting;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
    return this.#client;
  }

  /** Known once it is connected, which an application is before it serves anybody. */
  get keepsOrder(): boolean {
    return this.#client?.keepsOrder === true;
  }

  // Not async functions: these are the hot path, and each layer of them costs it promises.
  begin(request: BeginRequest): Promise<void> {
    const leave = this.#deps.enter();
    this.#forgetExpired();
    const deadlineMs = this.#deps.clock.monotonicMs() + request.timeoutMs;
    // Before the answer: the launcher may have ended it by then.
    this.#open.set(request.xid, { deadlineMs, leave });
    return this.#call((client) => client.begin(request)).catch((error: unknown) => {
      this.#open.delete(request.xid);
      leave();
      throw error;
    });
  }

  commit(request: EndRequest): Promise<GlobalSummary> {
    return this.#end(request.xid, (client) => client.commit(request));
  }

  rollback(request: EndRequest): Promise<GlobalSummary> {
    return this.#end(request.xid, (client) => client.rollback(request));
  }

  registerBranch(request: RegisterBranchRequest): Promise<void> {
    return this.#call((client) => client.registerBranch(request));
  }

  abandonBranch(request: AbandonBranchRequest): Promise<void> {
    return this.#call((client) => client.abandonBranch(request));
  }

  setRollbackOnly(request: SetRollbackOnlyRequest): Promise<void> {
    return this.#call((client) => client.setRollbackOnly(request));
  }

  status(request: StatusRequest): Promise<GlobalSummary> {
    return this.#call((client) => client.status(request));
  }

  awaitRelease(request: AwaitReleaseRequest): Promise<ReleaseSummary> {
    return this.#call((client) => client.awaitRelease(request));
  }

  attach(handler: BranchHandler): Promise<Detach> {
    return this.#call((client) => client.attach(handler));
  }

  /** Whoever waits for the connection need not wait any longer; one that stands goes on. */
  stopConnecting(): void {
    this.#giveUp.abort();
  }

  /** Lets go of the coordinator, also of one that is being connected. May be repeated. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    await client?.close();
  }

  #call<T>(use: (client: CoordinatorClient) => Promise<T>): Promise<T> {
    if (this.#client === undefined) return this.connect().then(use);
    try {
      return use(this.#client);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  #end(
    xid: string,
    use: (client: CoordinatorClient) => Promise<GlobalSummary>,
  ): Promise<GlobalSummary> {
    const left = (): void => {
      this.#open.get(xid)?.leave();
      this.#open.delete(xid);
    };
    return this.#call(use).then(
      (summary) => {
        left();
        return summary;
      },
      (error: unknown) => {
        left();
        throw error;
      },
    );
  }

  /**
   * A transaction that was begun by hand and never ended would be waited for, and kept, for ever.
   * The oldest one stands first; looking at it alone keeps the list about as long as what is open.
   */
  #forgetExpired(): void {
    const [oldest] = this.#open;
    if (oldest === undefined || oldest[1].deadlineMs > this.#deps.clock.monotonicMs()) return;
    oldest[1].leave();
    this.#open.delete(oldest[0]);
  }
}
