import type { BranchHandler, Clock } from '../../protocol/index.js';
import { DuplicateResourceError } from '../../protocol/index.js';
import type { Origin } from './origin.js';
import { Participant } from './participant.js';
import type { BranchPlace } from './route.js';
import { candidatesFor, isSameResource } from './route.js';

interface ParticipantRegistryDeps {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  readonly onAttached: (resourceId: string) => void;
}

/** A branch that looks for somebody to finish it. */
export interface Route extends BranchPlace {
  readonly resourceId: string;
  /** Calls that failed: each time the next instance has its turn. */
  readonly failedCount: number;
}

/** The resources that can be reached now, each at one or more instances of applications. */
export class ParticipantRegistry {
  readonly #deps: ParticipantRegistryDeps;
  readonly #byResource = new Map<string, readonly Participant[]>();

  constructor(deps: ParticipantRegistryDeps) {
    this.#deps = deps;
  }

  /** Whether it can be reached at any instance. */
  has(resourceId: string): boolean {
    return this.#byResource.has(resourceId);
  }

  /** Who is to finish the branch now, if anybody can. */
  find(route: Route): Participant | undefined {
    const instances = this.#byResource.get(route.resourceId);
    if (instances === undefined) return undefined;
    const candidates = candidatesFor(route, instances);
    return candidates[route.failedCount % candidates.length];
  }

  /**
   * Adds an instance of a resource. Calls to it that are under way outlast its removal.
   *
   * @throws DuplicateResourceError when that instance is there already
   */
  attach(handler: BranchHandler, origin: Origin): Participant {
    const { resourceId, type } = handler;
    const instances = this.#byResource.get(resourceId) ?? [];
    if (instances.some((known) => isSameResource(type, known.origin, origin))) {
      throw new DuplicateResourceError(resourceId);
    }
    const { clock, callTimeoutMs, onAttached } = this.#deps;
    const participant = new Participant({ handler, origin, clock, callTimeoutMs });
    this.#byResource.set(resourceId, [...instances, participant]);
    onAttached(resourceId);
    return participant;
  }

  /** Safe to repeat. */
  remove(participant: Participant): void {
    const { resourceId } = participant;
    const instances = this.#byResource.get(resourceId) ?? [];
    const left = instances.filter((known) => known !== participant);
    if (left.length === 0) this.#byResource.delete(resourceId);
    else this.#byResource.set(resourceId, left);
  }
}
