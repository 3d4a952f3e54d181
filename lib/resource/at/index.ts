export { GUARDED } from './at-engine.interface.js';
export type {
  AtEngine,
  BranchTag,
  CaptureError,
  HeldLock,
  HeldRow,
  HeldRowFilter,
  InstallPlan,
  InstallReport,
  Mark,
  OrderReport,
  RowImage,
  SqlResult,
  SqlSession,
  SqlSource,
  TableStatus,
  UndoDesk,
  UndoOrder,
} from './at-engine.interface.js';
export { AtResource } from './at-resource.js';
export type { AtResourceInit, AtResourceOptions } from './at-resource.js';
export type { Attempt, Start } from './attempt.js';
export { runAutocommit } from './autocommit.js';
export { ConnectionBranch } from './connection-branch.js';
export type { StatementContent } from './hot-rows.js';
export type { CommitAnswer, LocalConnection, LockedRead } from './local-connection.interface.js';
export type { LocalWork } from './local-work.js';
export { WORKING_KINDS } from './statement.js';
export type { Statement, StatementKind } from './statement.js';
export { refusalOf } from './work-errors.js';
export { currentAround, workOf } from './work-of.js';
export type { Around } from './work-of.js';
