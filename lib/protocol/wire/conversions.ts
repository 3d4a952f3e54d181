import type {
  BranchHandler,
  BranchOutcome,
  BranchSummary,
  BranchTarget,
  RegisterBranchRequest,
  ReleaseSummary,
} from '../index.js';
import { SUMMARY_TEXT_LENGTH_MAX } from './wire-limits.js';
import { numberOf, wordOf } from './words.js';
import type {
  WireBranch,
  WireOutcome,
  WireOutcomes,
  WirePhaseTwo,
  WireRegisterBranch,
  WireResource,
  WireSummary,
} from './wire-messages.js';

/** Between the messages of the protocol and those of the ports. */

export function toWireResource({
  resourceId,
  type,
}: Pick<BranchHandler, 'resourceId' | 'type'>): WireResource {
  return { resourceId, type: numberOf('branchType', type) };
}

export function fromWireResource({
  resourceId,
  type,
}: WireResource): Pick<BranchHandler, 'resourceId' | 'type'> {
  return { resourceId, type: wordOf('branchType', type) };
}

export function toWireRegisterBranch(request: RegisterBranchRequest): WireRegisterBranch {
  return { ...request, type: numberOf('branchType', request.type) };
}

/** Whose branch it is says the connection, whatever a message may say. */
export function fromWireRegisterBranch(
  message: WireRegisterBranch,
  { applicationId, instanceId }: { readonly applicationId: string; readonly instanceId: string },
): RegisterBranchRequest {
  const { begin, data } = message;
  return {
    xid: message.xid,
    branchId: message.branchId,
    type: wordOf('branchType', message.type),
    resourceId: message.resourceId,
    applicationId,
    instanceId,
    ...(typeof data === 'string' && { data }),
    ...(isPresent(begin) && {
      begin: { name: begin.name, timeoutMs: begin.timeoutMs, applicationId },
    }),
  };
}

/** @param isShort whether the branches may be left out */
export function toWireSummary(summary: ReleaseSummary, isShort: boolean): WireSummary {
  const { branches, reason, status, xid } = summary;
  if (isShort) return { xid, status: numberOf('globalStatus', status), reason: 0, branches: [] };
  const told = withinBudget(branches);
  return {
    ...summary,
    status: numberOf('globalStatus', status),
    reason: numberOf('rollbackReason', reason),
    branches: told.map((branch) => ({
      ...branch,
      type: numberOf('branchType', branch.type),
      status: numberOf('branchStatus', branch.status),
      failedAttempts: branch.failedAttempts ?? [],
    })),
  };
}

/**
 * The branches with as many of their texts as a frame has room for: behind that they come without
 * errors and results, which the store still has.
 */
function withinBudget(branches: readonly BranchSummary[]): readonly BranchSummary[] {
  let left = SUMMARY_TEXT_LENGTH_MAX;
  return branches.map((branch) => {
    left -= textLengthOf(branch);
    if (left >= 0) return branch;
    const { attempts, branchId, resourceId, seq, status, type } = branch;
    return { branchId, seq, type, resourceId, status, attempts };
  });
}

function textLengthOf({ failedAttempts = [], lastError = '', result = '' }: BranchSummary): number {
  return failedAttempts.reduce(
    (length, { error }) => length + error.length,
    lastError.length + result.length,
  );
}

export function fromWireSummary(message: WireSummary): ReleaseSummary {
  const { circle = [], name, reason, rollbackOnly } = message;
  return {
    xid: message.xid,
    status: wordOf('globalStatus', message.status),
    ...(isPresent(name) && { name }),
    ...(reason !== 0 && { reason: wordOf('rollbackReason', reason) }),
    ...(isPresent(rollbackOnly) && { rollbackOnly }),
    branches: message.branches.map(fromWireBranch),
    ...(circle.length > 0 && { circle }),
  };
}

function fromWireBranch(message: WireBranch): BranchSummary {
  const { failedAttempts, lastError, result } = message;
  return {
    branchId: message.branchId,
    seq: message.seq,
    type: wordOf('branchType', message.type),
    resourceId: message.resourceId,
    status: wordOf('branchStatus', message.status),
    attempts: message.attempts,
    ...(isPresent(lastError) && { lastError }),
    ...(failedAttempts.length > 0 && {
      failedAttempts: failedAttempts.map(({ atMs, error }) => ({
        atMs: Number(String(atMs)),
        error,
      })),
    }),
    ...(isPresent(result) && { result }),
  };
}

export function toWirePhaseTwo(
  direction: 'commit' | 'rollback',
  resourceId: string,
  targets: readonly BranchTarget[],
): WirePhaseTwo {
  return { direction: numberOf('direction', direction), resourceId, targets };
}

export function fromWirePhaseTwo({ direction, resourceId, targets }: WirePhaseTwo): {
  readonly direction: 'commit' | 'rollback';
  readonly resourceId: string;
  readonly targets: readonly BranchTarget[];
} {
  return {
    direction: wordOf('direction', direction),
    resourceId,
    targets: targets.map(({ branchId, data, xid }) =>
      isPresent(data) ? { xid, branchId, data } : { xid, branchId },
    ),
  };
}

export function toWireOutcomes(outcomes: readonly BranchOutcome[]): WireOutcomes {
  if (outcomes.every(isPlainDone)) return { allDone: true, outcomes: [] };
  return { allDone: false, outcomes: outcomes.map(toWireOutcome) };
}

/** @param count of the targets that were asked about */
export function fromWireOutcomes(
  { allDone, outcomes }: WireOutcomes,
  count: number,
): readonly BranchOutcome[] {
  if (!allDone) return outcomes.map(fromWireOutcome);
  return Array.from({ length: count }, () => DONE);
}

const DONE: BranchOutcome = { kind: 'done' };

function isPlainDone(outcome: BranchOutcome): boolean {
  return outcome.kind === 'done' && outcome.result === undefined;
}

function toWireOutcome(outcome: BranchOutcome): WireOutcome {
  const kind = numberOf('outcomeKind', outcome.kind);
  if (outcome.kind !== 'done') return { kind, text: outcome.error };
  return outcome.result === undefined ? { kind } : { kind, text: outcome.result };
}

function fromWireOutcome({ kind, text }: WireOutcome): BranchOutcome {
  const word = wordOf('outcomeKind', kind);
  if (word !== 'done') return { kind: word, error: text ?? '' };
  return isPresent(text) ? { kind: 'done', result: text } : DONE;
}

function isPresent<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
