import { DtxError, StoreUnavailableError, messageOf } from '../../protocol/index.js';
import type { SessionStore } from './session-store.interface.js';

/**
 * What whoever asked for a write is told of an answer `failed`: an error that says more, such as
 * that of a record which a newer version has written, or that the store cannot be used.
 */
export function writeFailure(
  { advice, place }: Pick<SessionStore, 'advice' | 'place'>,
  cause: unknown,
): DtxError {
  if (cause instanceof DtxError) return cause;
  const options = advice === undefined ? { cause } : { cause, advice };
  return new StoreUnavailableError(place, messageOf(cause), options);
}
