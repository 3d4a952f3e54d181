export type { Command, CommandKind, CommandOf, Ownership } from './command.js';
export { decide } from './decide.js';
export type { Decision, Effect, SessionChange } from './decision.js';
export type { Branch, Session } from './session.js';
export { isFinished } from './session.js';
export { summaryOf } from './summary.js';
