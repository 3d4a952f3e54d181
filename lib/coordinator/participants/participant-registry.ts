import type { BranchHandler, Clock } from '../../protocol/index.js';
import { DuplicateResourceError } from '../../protocol/index.js';
import { Participant } from './participant.js';

interface ParticipantRegistryDeps {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  readonly onAttached: (resourceId: string) => void;
}

/** The resources that can be reached now, by their id. */
export class ParticipantRegistry {
  readonly #deps: ParticipantRegistryDeps;
  readonly #participants = new Map<string, Participant>();

  constructor(deps: ParticipantRegistryDeps) {
    this.#deps = deps;
  }

  find(resourceId: string): Participant | undefined {
    return this.#participants.get(resourceId);
  }

  /**
   * Returns what takes the handler away again; calls under way go on.
   *
   * @throws DuplicateResourceError when a handler of that id is attached already
   */
  attach(handler: BranchHandler): () => void {
    const { resourceId } = handler;
    if (this.#participants.has(resourceId)) throw new DuplicateResourceError(resourceId);
    const { clock, callTimeoutMs, onAttached } = this.#deps;
    const participant = new Participant({ handler, clock, callTimeoutMs });
    this.#participants.set(resourceId, participant);
    onAttached(resourceId);
    return () => {
      // A second detach must not take away the handler that has come after it.
      if (this.#participants.get(resourceId) === participant) this.#participants.delete(resourceId);
    };
  }
}
