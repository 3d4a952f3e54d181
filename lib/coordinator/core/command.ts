import type {
  BeginRequest,
  BranchOutcome,
  OperateRequest,
  RegisterBranchRequest,
} from '../../protocol/index.js';

/** Everything that can happen to a session. */
export type Command =
  | { readonly kind: 'begin'; readonly namespace: string; readonly request: BeginRequest }
  /** May carry the begin of its session. */
  | {
      readonly kind: 'register-branch';
      readonly namespace: string;
      readonly request: RegisterBranchRequest;
      /** @default BRANCHES_PER_TRANSACTION_MAX */
      readonly branchesMax?: number;
    }
  /** Phase one of a branch has come to nothing. */
  | { readonly kind: 'report-branch'; readonly branchId: string; readonly reason: string }
  | { readonly kind: 'set-rollback-only'; readonly xid: string; readonly reason: string }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  /** The time of an active session may be up. */
  | { readonly kind: 'timeout' }
  /** The process in which the session began is gone. */
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'branch-outcome';
      readonly branchId: string;
      readonly outcome: BranchOutcome;
      /** When to try again, if the outcome asks for it. */
      readonly retryAtMs: number;
      /** Whether another node is to try then. */
      readonly isOffered?: boolean;
    }
  /** The session takes longer than its lease. */
  | { readonly kind: 'renew'; readonly leaseMs: number }
  /** Every branch may be finished. */
  | { readonly kind: 'end' }
  | { readonly kind: 'operate'; readonly request: OperateRequest };

export type CommandKind = Command['kind'];

export type CommandOf<K extends CommandKind> = Extract<Command, { kind: K }>;
