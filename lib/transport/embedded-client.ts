import type { NamespaceCoordinator } from '../coordinator/index.js';
import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
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

/** Calls a coordinator of this process, as functions. */
export class EmbeddedClient implements CoordinatorClient {
  /** Calls are functions. Nodes that share the store wait a moment for a begin on its way. */
  readonly keepsOrder = true;
  readonly #coordinator: NamespaceCoordinator;
  readonly #release: () => Promise<void>;
  readonly #applicationId: string | undefined;
  readonly #attachments = new Set<Detach>();
  #closing: Promise<void> | undefined;

  /** @param applicationId whose resources it attaches. @default all are alike */
  constructor(
    coordinator: NamespaceCoordinator,
    release: () => Promise<void>,
    applicationId?: string,
  ) {
    this.#coordinator = coordinator;
    this.#release = release;
    this.#applicationId = applicationId;
  }

  begin(request: BeginRequest): Promise<void> {
    return this.#call('begin', (coordinator) => coordinator.begin(request));
  }

  registerBranch(request: RegisterBranchRequest): Promise<void> {
    return this.#call('registerBranch', (coordinator) => coordinator.registerBranch(request));
  }

  abandonBranch(request: AbandonBranchRequest): Promise<void> {
    return this.#call('abandonBranch', (coordinator) => coordinator.abandonBranch(request));
  }

  setRollbackOnly(request: SetRollbackOnlyRequest): Promise<void> {
    return this.#call('setRollbackOnly', (coordinator) => coordinator.setRollbackOnly(request));
  }

  commit(request: EndRequest): Promise<GlobalSummary> {
    return this.#call('commit', (coordinator) => coordinator.commit(request));
  }

  rollback(request: EndRequest): Promise<GlobalSummary> {
    return this.#call('rollback', (coordinator) => coordinator.rollback(request));
  }

  status(request: StatusRequest): Promise<GlobalSummary> {
    return this.#call('status', (coordinator) => coordinator.status(request));
  }

  awaitRelease(request: AwaitReleaseRequest): Promise<ReleaseSummary> {
    return this.#call('awaitRelease', (coordinator) => coordinator.awaitRelease(request));
  }

  async attach(handler: BranchHandler): Promise<Detach> {
    const origin = { applicationId: this.#applicationId, instanceId: undefined };
    const detach = await this.#call('attach', (coordinator) =>
      Promise.resolve(coordinator.attach(handler, origin)),
    );
    const detachOnce = async (): Promise<void> => {
      this.#attachments.delete(detachOnce);
      await detach();
    };
    this.#attachments.add(detachOnce);
    return detachOnce;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#attachments].map((detach) => detach()));
    await this.#release();
  }

  #call<T>(what: string, call: (coordinator: NamespaceCoordinator) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(new CoordinatorClosedError(what));
    return call(this.#coordinator);
  }
}
