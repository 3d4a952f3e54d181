import type { BranchStatus, DtxError, GlobalStatus } from '../../protocol/index.js';
import type { Branch, Session } from './session.js';

/**
 * What has to become durable, as one conditional write: it applies only if the session (and the
 * branch) are still in the state `from`, under the same epoch.
 */
export type SessionChange =
  | { readonly kind: 'begin'; readonly after: Session }
  /** Applies only to an active session: no branch slips in behind the decision. */
  | { readonly kind: 'add-branch'; readonly after: Session; readonly branch: Branch }
  | {
      readonly kind: 'change-branch';
      readonly after: Session;
      readonly branch: Branch;
      readonly from: BranchStatus;
    }
  | { readonly kind: 'change-session'; readonly after: Session; readonly from: GlobalStatus }
  /** The session has ended; its branches are deleted. */
  | {
      readonly kind: 'end';
      readonly after: Session;
      readonly from: GlobalStatus;
      readonly hadBranches: boolean;
      /** The branch that was the last to finish, in its last state. */
      readonly lastBranch: Branch | undefined;
    };

/** What the shell has to do once the change is durable. */
export type Effect =
  /** Roll back when the session is due. */
  | 'watch-due'
  /** Bring phase two to the branches. */
  | 'drive'
  /** Rows of the session can be had now. */
  | 'release'
  /** Nothing will happen to the session any more. */
  | 'ended';

/** What a command comes to. */
export interface Decision {
  /** What stands once the change is durable; undefined when there is no such session. */
  readonly standing: Session | undefined;
  /** Why nothing was accepted. */
  readonly refusal: DtxError | undefined;
  readonly change: SessionChange | undefined;
  readonly effects: readonly Effect[];
}

const NO_EFFECTS: readonly Effect[] = [];

/** Nothing changes: a repeat, or a command that came too late. */
export function unchanged(session: Session | undefined): Decision {
  return { standing: session, refusal: undefined, change: undefined, effects: NO_EFFECTS };
}

export function refused(session: Session | undefined, refusal: DtxError): Decision {
  return { standing: session, refusal, change: undefined, effects: NO_EFFECTS };
}

export function changed(change: SessionChange, effects: readonly Effect[] = NO_EFFECTS): Decision {
  return { standing: change.after, refusal: undefined, change, effects };
}
