import type { BeginRequest, BranchOutcome, RegisterBranchRequest } from '../../protocol/index.js';

/** Who drives a session, and under which number of its turn. */
export interface Ownership {
  readonly owner: string;
  readonly epoch: number;
}

/** Everything that can happen to a session. */
export type Command =
  | {
      readonly kind: 'begin';
      readonly namespace: string;
      readonly request: BeginRequest;
      readonly ownership: Ownership;
    }
  | { readonly kind: 'register-branch'; readonly request: RegisterBranchRequest }
  | { readonly kind: 'abandon-branch'; readonly branchId: string; readonly reason: string }
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
    }
  /** Every branch may be finished. */
  | { readonly kind: 'end' };

export type CommandKind = Command['kind'];

export type CommandOf<K extends CommandKind> = Extract<Command, { kind: K }>;
