import type { BeginRequest, RegisterBranchRequest } from '../../protocol/index.js';
import { InvalidOptionError, TIMEOUT_MS_MAX, isBranchId } from '../../protocol/index.js';
import { isStorable } from '../core/index.js';

/** @throws InvalidOptionError */
export function assertBeginRequest({ timeoutMs }: BeginRequest): void {
  assertTimeout(timeoutMs);
}

/** @throws InvalidOptionError */
export function assertRegisterRequest(request: RegisterBranchRequest): void {
  const { begin, branchId, data } = request;
  if (data !== undefined) assertText(data);
  if (begin !== undefined) assertTimeout(begin.timeoutMs);
  if (isBranchId(branchId)) return;
  throw new InvalidOptionError({
    option: 'branchId',
    value: branchId,
    fix: 'Take it from Ids.newBranchId(): a positive 63-bit number in decimal.',
  });
}

function assertTimeout(timeoutMs: number): void {
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1) return;
  throw new InvalidOptionError({
    option: 'timeoutMs',
    value: timeoutMs,
    fix: `Give whole milliseconds, 1 to ${String(TIMEOUT_MS_MAX)}.`,
  });
}

/** What a participant gets back must be what it gave, so nothing is replaced in it. */
function assertText(data: string): void {
  if (isStorable(data)) return;
  throw new InvalidOptionError({
    option: 'data of the branch',
    value: data,
    fix: 'Encode bytes, as base64 say: stores keep text without NUL and lone surrogates.',
  });
}
