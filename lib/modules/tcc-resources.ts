import { DuplicateResourceError, InvalidOptionError } from '../protocol/index.js';
import type { DtxResource } from '../resource/index.js';
import { TccResource } from '../resource/tcc/index.js';
import type { TccActions } from '../resource/tcc/index.js';
import type { TccDefinition } from '../transaction/index.js';

/** A TCC action of the application. */
export interface TccMethod {
  readonly definition: TccDefinition;
  /** Gives the object whose confirm and cancel are called. */
  readonly target: () => Promise<object>;
}

interface TccParts {
  readonly methods: readonly TccMethod[];
  /** Of the data sources, which are started. */
  readonly resources: Iterable<DtxResource>;
  readonly applicationId: string;
  readonly actions: TccActions;
}

/**
 * The resources of the application's TCC actions, to be started, each with its fence.
 *
 * @throws DuplicateResourceError two actions have one name
 * @throws InvalidOptionError it is not clear where an action is fenced
 * @throws TccFenceInstallError
 */
export async function tccResources(parts: TccParts): Promise<readonly TccResource[]> {
  const { actions, applicationId, methods, resources } = parts;
  const sources = [...resources].filter((resource) => 'fences' in resource);
  const made: TccResource[] = [];
  const names = new Set<string>();
  for (const { definition, target } of methods) {
    if (names.has(definition.name)) throw new DuplicateResourceError(definition.name);
    names.add(definition.name);
    const resource = sourceOf(definition, sources, applicationId);
    const fences = await resource?.fences?.();
    const resourceId = resource?.resourceIdFor(applicationId) ?? '';
    const guard = resource && fences && { resource, resourceId, fences };
    const action = new TccResource({ definition, target, guard });
    actions.add(definition, action);
    made.push(action);
  }
  return made;
}

function sourceOf(
  { dataSource, fence, name }: TccDefinition,
  sources: readonly DtxResource[],
  applicationId: string,
): DtxResource | undefined {
  if (fence === false) return undefined;
  const known = sources.map((source) => source.resourceIdFor(applicationId)).join(', ') || 'none';
  if (dataSource !== undefined) {
    const ids = [dataSource, `${applicationId}/${dataSource}`];
    const named = sources.find((source) => ids.includes(source.resourceIdFor(applicationId)));
    if (named !== undefined) return named;
    throw new InvalidOptionError({
      option: `dataSource of TCC action ${name}`,
      value: dataSource,
      fix: `Name a wrapped data source of this application: ${known}.`,
    });
  }
  if (sources.length <= 1) return sources[0];
  throw new InvalidOptionError({
    option: `dataSource of TCC action ${name}`,
    value: undefined,
    fix: `Name the one in which it works, of ${known}; or say fence: false.`,
  });
}
