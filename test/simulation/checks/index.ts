export type { Remains } from './final-checks.js';
export { checkRest, checkSafety } from './final-checks.js';
export { History, decisionOf, isEnded } from './history.js';
export type { CheckerName, Report, Violation } from './violation.js';
export type { CoordinatorRequest } from './witness.js';
export { Witness } from './witness.js';
