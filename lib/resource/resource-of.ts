import { DTX_RESOURCE } from '../protocol/index.js';
import type { DtxResource } from './dtx-resource.interface.js';

/**
 * Finds the resource of anything a container may hold: an instrumented pool, a wrapped driver, or
 * a TypeORM DataSource whose `driver` option is one.
 */
export function resourceOf(candidate: unknown): DtxResource | undefined {
  return marked(candidate) ?? marked(propertyOf(propertyOf(candidate, 'options'), 'driver'));
}

function marked(candidate: unknown): DtxResource | undefined {
  return propertyOf(candidate, DTX_RESOURCE) as DtxResource | undefined;
}

function propertyOf(candidate: unknown, key: string | symbol): unknown {
  if (typeof candidate !== 'object' || candidate === null) return undefined;
  // A lazy proxy or a getter that throws is somebody else's object, and none of ours.
  try {
    return (candidate as Record<string | symbol, unknown>)[key];
  } catch {
    return undefined;
  }
}
