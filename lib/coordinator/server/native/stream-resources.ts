import { ProtocolViolationError, ResourceExhaustedError } from '../../../protocol/index.js';
import type { ServerMessage, WireResource } from '../../../protocol/wire/index.js';
import { fromWireResource } from '../../../protocol/wire/index.js';
import type { Detachment } from '../../participants/index.js';
import { isResourceId } from './greeting.js';
import { RESOURCES_PER_STREAM_MAX } from './limits.js';
import type { Namespace } from './native-server-options.js';
import type { Caller } from './operations.js';
import { PhaseTwoCalls } from './phase-two-calls.js';

/** The resources of one client, as long as its stream is there. */
export class StreamResources {
  readonly calls: PhaseTwoCalls;
  readonly #attached = new Map<string, Detachment>();
  /** Detached by the client; phase two of what is decided is being finished. */
  readonly #leaving = new Set<Detachment>();

  constructor(send: (message: ServerMessage) => void) {
    this.calls = new PhaseTwoCalls(send);
  }

  /**
   * From now on phase two of the resource may come to the client. May be repeated.
   *
   * @throws UnknownWordError its branch type is one of a newer version
   * @throws ProtocolViolationError, ResourceExhaustedError, DuplicateResourceError
   */
  attach(message: WireResource, namespace: Namespace, caller: Caller): void {
    const resource = fromWireResource(message);
    const { resourceId } = resource;
    if (this.#attached.has(resourceId)) return;
    if (!isResourceId(resourceId)) throw new ProtocolViolationError('a bad resource id');
    if (this.#attached.size >= RESOURCES_PER_STREAM_MAX) {
      const limit = 'The number of resources of one process';
      throw new ResourceExhaustedError(limit, RESOURCES_PER_STREAM_MAX, 'Attach fewer of them.');
    }
    const { applicationId, instanceId } = caller;
    const detachment = namespace.attach(this.calls.handlerOf(resource), {
      applicationId,
      instanceId,
    });
    this.#attached.set(resourceId, detachment);
  }

  /** Resolves when phase two of the resource has had its time. Has a bound, and never rejects. */
  async detach(resourceId: string): Promise<void> {
    const detachment = this.#attached.get(resourceId);
    if (detachment === undefined) return;
    this.#attached.delete(resourceId);
    this.#leaving.add(detachment);
    await detachment();
    this.#leaving.delete(detachment);
  }

  /** The client is gone. */
  lose(): void {
    // First nobody is sent here any more, then those who are waiting are sent elsewhere.
    for (const detachment of [...this.#attached.values(), ...this.#leaving]) detachment.lost();
    this.#attached.clear();
    this.calls.lose();
  }
}
