import type { BranchHandler, Clock, Detach, DtxError, DtxLog } from '../../protocol/index.js';
import { DuplicateResourceError, messageOf } from '../../protocol/index.js';
import type { WirePhaseTwo, WireResource } from '../../protocol/wire/index.js';
import { toWireRefusal } from '../../protocol/wire/index.js';
import { Attachment } from './attachment.js';
import { ControlCall } from './control-call.js';
import { DETACH_MS_MAX } from './limits.js';
import type { NodeConnection } from './node-connection.js';

interface AttachmentsDeps {
  readonly clock: Clock;
  readonly log: DtxLog;
  readonly connectTimeoutMs: number;
  readonly nodes: {
    /** @throws CoordinatorUnreachableError when there is none in time */
    whenOpen(timeoutMs: number): Promise<void>;
    unreachable(why: string): DtxError;
  };
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** The resources of this process, and which node knows of which of them. */
export class Attachments {
  readonly #deps: AttachmentsDeps;
  readonly #attachments = new Map<string, Attachment>();
  /** Those that are to get no more phase two; what is under way is finished. */
  readonly #leaving = new Set<Attachment>();
  /** What each connection was told, from its hello on. */
  readonly #told = new Map<NodeConnection, Set<Attachment>>();
  /** Who waits until a node knows a resource. */
  readonly #waiters = new Map<Attachment, Waiter>();

  constructor(deps: AttachmentsDeps) {
    this.#deps = deps;
  }

  /** What a hello of now says. */
  get resources(): readonly WireResource[] {
    return this.#staying.map(({ resource }) => resource);
  }

  /** A hello with the resources of now is on its way. */
  greeted(connection: NodeConnection): void {
    this.#told.set(connection, new Set(this.#staying));
  }

  /** The hello was accepted; since it was written, resources may have come and gone. */
  opened(connection: NodeConnection): void {
    const told = this.#told.get(connection) ?? new Set();
    for (const attachment of told) {
      if (this.#isStaying(attachment)) this.#waiters.get(attachment)?.resolve();
      else void this.#sayDetach(connection, attachment);
    }
    for (const attachment of this.#staying) {
      if (!told.has(attachment)) this.#sayAttach(connection, attachment);
    }
  }

  lost(connection: NodeConnection): void {
    this.#told.delete(connection);
  }

  /**
   * Resolves when a node brings phase two to the handler.
   *
   * @throws DuplicateResourceError, CoordinatorUnreachableError
   */
  async attach(handler: BranchHandler): Promise<Detach> {
    const { resourceId } = handler;
    if (this.#attachments.has(resourceId)) throw new DuplicateResourceError(resourceId);
    const attachment = new Attachment(handler);
    this.#attachments.set(resourceId, attachment);
    try {
      await this.#announce(attachment);
    } catch (error) {
      await this.#detach(attachment);
      throw error;
    }
    let detaching: Promise<void> | undefined;
    return () => (detaching ??= this.#detach(attachment));
  }

  /** Ends all attachments. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#attachments.values()].map((attachment) => this.#detach(attachment)),
    );
  }

  /** Phase two has come over a connection, and is answered there. Does not throw. */
  async finish(connection: NodeConnection, requestId: number, call: WirePhaseTwo): Promise<void> {
    const attachment = this.#attachments.get(call.resourceId);
    try {
      if (attachment === undefined) {
        throw new Error(`resource "${call.resourceId}" is not attached at this instance`);
      }
      connection.answer(requestId, await attachment.finish(call));
    } catch (error) {
      connection.refuse(requestId, toWireRefusal(error));
    }
  }

  get #staying(): readonly Attachment[] {
    return [...this.#attachments.values()].filter((attachment) => !this.#leaving.has(attachment));
  }

  #isStaying(attachment: Attachment): boolean {
    const { resourceId } = attachment.resource;
    return this.#attachments.get(resourceId) === attachment && !this.#leaving.has(attachment);
  }

  async #announce(attachment: Attachment): Promise<void> {
    const known = new Promise<void>((resolve, reject) => {
      this.#waiters.set(attachment, { resolve, reject });
    });
    for (const connection of this.#told.keys()) {
      if (connection.isOpen) this.#sayAttach(connection, attachment);
    }
    const { clock, connectTimeoutMs, nodes } = this.#deps;
    const timer = clock.after(connectTimeoutMs, () => {
      const why = `no node has taken resource "${attachment.resource.resourceId}"`;
      this.#waiters
        .get(attachment)
        ?.reject(nodes.unreachable(`${why} within ${String(connectTimeoutMs)} ms`));
    });
    try {
      await Promise.race([known, nodes.whenOpen(connectTimeoutMs).then(() => known)]);
    } finally {
      timer.cancel();
      this.#waiters.delete(attachment);
    }
  }

  #sayAttach(connection: NodeConnection, attachment: Attachment): void {
    this.#told.get(connection)?.add(attachment);
    const { resource } = attachment;
    const onRefused = (error: unknown): void => {
      this.#told.get(connection)?.delete(attachment);
      const waiter = this.#waiters.get(attachment);
      if (waiter !== undefined) waiter.reject(error);
      else this.#deps.log.error(`Resource "${resource.resourceId}" was not attached`, error);
    };
    const onDone = (): void => {
      this.#waiters.get(attachment)?.resolve();
    };
    // Another connection, or the next one to this node, tells it in its hello.
    const onLost = (): void => undefined;
    const operation = 'attach';
    connection.sendControl(
      new ControlCall({ operation, body: resource, onDone, onRefused, onLost }),
    );
  }

  async #detach(attachment: Attachment): Promise<void> {
    const { resourceId } = attachment.resource;
    if (!this.#isStaying(attachment)) return;
    this.#leaving.add(attachment);
    const told = [...this.#told].filter(([, attachments]) => attachments.has(attachment));
    // A connection whose hello is under way is told when it opens.
    const answers = told
      .filter(([connection]) => connection.nodeId !== '')
      .map(([connection]) => this.#sayDetach(connection, attachment));
    await this.#inTime(Promise.all(answers).then(() => attachment.quiet()));
    this.#leaving.delete(attachment);
    if (this.#attachments.get(resourceId) === attachment) this.#attachments.delete(resourceId);
  }

  #sayDetach(connection: NodeConnection, attachment: Attachment): Promise<void> {
    const { resource } = attachment;
    return new Promise((resolve) => {
      const onRefused = (error: unknown): void => {
        this.#deps.log.warn(`Resource "${resource.resourceId}" stays: ${messageOf(error)}`);
        resolve();
      };
      const onDone = (): void => {
        this.#told.get(connection)?.delete(attachment);
        resolve();
      };
      const operation = 'detach';
      connection.sendControl(
        new ControlCall({ operation, body: resource, onDone, onRefused, onLost: resolve }),
      );
    });
  }

  #inTime(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(DETACH_MS_MAX, resolve);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
