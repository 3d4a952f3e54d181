import { codeOf } from '../../../protocol/index.js';
import type { CaptureError } from '../at-engine.interface.js';
import { HOLDER_UNKNOWN } from '../at-engine.interface.js';
import { RowHeldError, TombstoneError, WriteRefusedError } from './capture-errors.js';

/** Another process writes to the file. It is over soon, and nobody can say which row it is. */
const FILE_BUSY: CaptureError = {
  kind: 'lock-conflict',
  conflict: {
    table: 'the file, which another process writes',
    key: '(any)',
    holderXid: HOLDER_UNKNOWN,
  },
};

/** What a failed statement met, if it met capture, or another process. */
export function explain(error: unknown): CaptureError | undefined {
  const cause = causeOf(error);
  if (cause instanceof RowHeldError) return { kind: 'lock-conflict', conflict: cause.conflict };
  if (cause instanceof WriteRefusedError) return { kind: 'refused', reason: cause.message };
  if (cause instanceof TombstoneError) return { kind: 'fenced' };
  return isBusy(cause) ? FILE_BUSY : undefined;
}

/** Whether another connection to the file has it at the moment. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(causeOf(error)) ?? '');
}

/** Libraries above the driver wrap its errors: TypeORM as `driverError`. */
function causeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { driverError } = error as { readonly driverError?: unknown };
  return driverError ?? error;
}
