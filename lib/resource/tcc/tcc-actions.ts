import { ResourceNotStartedError } from '../../protocol/index.js';
import type { TccDefinition } from '../../transaction/index.js';
import type { TccResource } from './tcc-resource.js';

/** The TCC actions of one application. */
export class TccActions {
  readonly #byDefinition = new Map<TccDefinition, TccResource>();

  add(definition: TccDefinition, resource: TccResource): void {
    this.#byDefinition.set(definition, resource);
  }

  /** @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED) */
  of(definition: TccDefinition): TccResource {
    const resource = this.#byDefinition.get(definition);
    if (resource === undefined) throw new ResourceNotStartedError(definition.name);
    return resource;
  }
}
