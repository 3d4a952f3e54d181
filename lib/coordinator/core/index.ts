export type { Command, CommandKind, CommandOf } from './command.js';
export { decide } from './decide.js';
export type { ChangeKind, Decision, Effect, SessionChange } from './decision.js';
export { nextBranches } from './next-branches.js';
export type { Branch, Session, SessionKey } from './session.js';
export { isFinished } from './session.js';
export { isTooOld } from './outcomes.js';
export { summaryOf } from './summary.js';
export type { Patience, Turn } from './turn.js';
