import type { DtxError, RegisterBranchRequest } from '../../protocol/index.js';
import {
  BRANCHES_PER_TRANSACTION_MAX,
  BRANCH_DATA_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  GlobalNotActiveError,
  RESOURCE_ID_LENGTH_MAX,
  SESSION_DATA_LENGTH_MAX,
} from '../../protocol/index.js';
import { beginRefusal, newSession } from './begin.js';
import { clip } from './clip.js';
import type { CommandOf } from './command.js';
import type { Decision, Effect } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { branchChanged } from './ending.js';
import { limitExceeded, tooMany } from './limits.js';
import type { Branch, Session } from './session.js';
import { findBranch } from './session.js';
import { moveBranch } from './transitions.js';
import type { Turn } from './turn.js';

/**
 * Adds a branch. A branch that is known already is answered as it was the first time, also behind
 * the decision and the end: its phase two finds the fence, and a repeat must not look like a
 * refusal.
 */
export function registerBranch(
  session: Session | undefined,
  command: CommandOf<'register-branch'>,
  turn: Turn,
): Decision {
  const { request } = command;
  if (session === undefined) return registerFirst(command, turn);
  if (findBranch(session, request.branchId) !== undefined) return unchanged(session);
  if (session.status !== 'active') {
    return refused(session, new GlobalNotActiveError(request.xid, session.status));
  }
  const refusal = branchRefusal(session, command);
  if (refusal !== undefined) return refused(session, refusal);
  const branch = newBranch(request, session.branches.length + 1);
  const after = { ...session, branches: [...session.branches, branch] };
  return changed(turn, { kind: 'add-branch', before: session, after, branch });
}

/** Phase one was rolled back locally, or has changed nothing: phase two has nothing to do. */
export function reportBranch(
  session: Session | undefined,
  { branchId, reason }: CommandOf<'report-branch'>,
  turn: Turn,
): Decision {
  const branch = session && findBranch(session, branchId);
  if (session === undefined || branch?.status !== 'registered') return unchanged(session);
  const lastError = clip(reason, ERROR_TEXT_LENGTH_MAX);
  const abandoned = { ...moveBranch(branch, 'abandoned'), lastError };
  // Behind the decision the branches that waited for this one have their turn now.
  const effects: readonly Effect[] = session.status === 'active' ? [] : ['drive'];
  return branchChanged(session, abandoned, turn, effects);
}

function registerFirst(command: CommandOf<'register-branch'>, turn: Turn): Decision {
  const { namespace, request } = command;
  const { begin, xid } = request;
  if (begin === undefined) return refused(undefined, new GlobalNotActiveError(xid, 'absent'));
  const session = newSession(namespace, { ...begin, xid }, turn.nowMs);
  const refusal = beginRefusal(namespace, begin) ?? branchRefusal(session, command);
  if (refusal !== undefined) return refused(undefined, refusal);
  const branch = newBranch(request, 1);
  const after = { ...session, branches: [branch] };
  return changed(turn, { kind: 'begin', before: undefined, after, branch, effects: ['watch-due'] });
}

function branchRefusal(
  session: Session,
  { branchesMax = BRANCHES_PER_TRANSACTION_MAX, request }: CommandOf<'register-branch'>,
): DtxError | undefined {
  const dataLength = request.data?.length ?? 0;
  const allDataLength = session.branches.reduce(
    (sum, { data }) => sum + (data?.length ?? 0),
    dataLength,
  );
  return (
    tooMany('branches', session.branches.length + 1, branchesMax) ??
    limitExceeded('data', dataLength, BRANCH_DATA_LENGTH_MAX) ??
    limitExceeded('data of all branches', allDataLength, SESSION_DATA_LENGTH_MAX) ??
    limitExceeded('resourceId', request.resourceId.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('applicationId', request.applicationId.length, RESOURCE_ID_LENGTH_MAX)
  );
}

const NONE_FAILED: Branch['failedAttempts'] = [];

function newBranch(request: RegisterBranchRequest, seq: number): Branch {
  return {
    branchId: request.branchId,
    seq,
    type: request.type,
    resourceId: request.resourceId,
    applicationId: request.applicationId,
    instanceId: request.instanceId,
    data: request.data,
    status: 'registered',
    result: undefined,
    pendingSinceMs: undefined,
    attempts: 0,
    dueAtMs: 0,
    lastError: undefined,
    failedAttempts: NONE_FAILED,
  };
}
