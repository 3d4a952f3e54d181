import * as config from './config.errors.js';
import * as coordinator from './coordinator.errors.js';
import { DtxError, brand } from './dtx.error.js';
import * as protocol from './protocol.errors.js';
import * as resource from './resource.errors.js';
import * as transaction from './transaction.errors.js';

type ErrorClass = typeof DtxError;

const CLASSES: ReadonlyMap<string, ErrorClass> = new Map(
  [config, coordinator, protocol, resource, transaction]
    .flatMap((errors) => Object.values(errors) as unknown as ErrorClass[])
    .map((type) => [type.code, type]),
);

/**
 * An error that was thrown elsewhere, from what was told of it. Constructors cannot make it: they
 * write a text of their own.
 *
 * @param message with the code in front, as `message` of the original
 */
export function errorLike(
  code: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): DtxError {
  const type = CLASSES.get(code) ?? DtxError;
  const error = new DtxError(message) as DtxError & { retryable: boolean };
  Object.setPrototypeOf(error, type.prototype);
  brand(error, type);
  return Object.assign(error, fields, {
    code,
    message,
    name: type.name,
    retryable: RETRYABLE.has(code),
  });
}

/** `retryable` is a field of instances, so the classes cannot be asked. */
const RETRYABLE: ReadonlySet<string> = new Set([
  coordinator.TransactionLimitError.code,
  coordinator.ResourceExhaustedError.code,
  coordinator.SessionContendedError.code,
  protocol.CoordinatorUnreachableError.code,
  resource.LockConflictError.code,
]);
