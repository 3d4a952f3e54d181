import type { DtxError } from '../../protocol/index.js';
import { isEnded } from '../../protocol/index.js';
import { stamp } from './ownership.js';
import type { Branch, Session } from './session.js';
import type { Turn } from './turn.js';

export type ChangeKind =
  'begin' | 'add-branch' | 'change-branch' | 'change-session' | 'decide' | 'renew' | 'end';

/**
 * What has to become durable, as one conditional write: it applies only if `before` still stands,
 * or if nothing does where there is none. So no branch slips in behind the decision, no decision is
 * made twice, and a node that has lost the session changes nothing.
 */
export interface SessionChange {
  /** What it means, for people and for failpoints; the store does not look at it. */
  readonly kind: ChangeKind;
  readonly before: Session | undefined;
  readonly after: Session;
  /** The branch that it is about. */
  readonly branch: Branch | undefined;
}

/** What the shell has to do once the change is durable. */
export type Effect =
  /** Roll back when the session is due. */
  | 'watch-due'
  /** Bring phase two to the branches, or go on with it. */
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

interface Change {
  readonly kind: ChangeKind;
  readonly before: Session | undefined;
  /** Without owner, epoch, lease and version, which come with the turn. */
  readonly after: Session;
  readonly branch?: Branch;
  readonly effects?: readonly Effect[];
}

/**
 * The one way to change a session: whoever changes it takes it, under the next version, with all
 * that its node has to do for it.
 */
export function changed(turn: Turn, change: Change): Decision {
  const { before, branch, effects = NO_EFFECTS, kind } = change;
  const after = stamp(before, change.after, turn);
  return {
    standing: after,
    refusal: undefined,
    change: { kind, before, after, branch },
    effects: before === undefined || before.owner === turn.owner ? effects : taking(after, effects),
  };
}

/** Who takes a session from another node has heard nothing of it before. */
function taking({ status }: Session, effects: readonly Effect[]): readonly Effect[] {
  if (isEnded(status)) return effects;
  const duty = status === 'active' ? 'watch-due' : 'drive';
  return effects.includes(duty) ? effects : [...effects, duty];
}
