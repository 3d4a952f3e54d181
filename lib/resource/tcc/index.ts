export type { TccValue } from './context-values.js';
export { MYSQL_FENCES, POSTGRES_FENCES, SQLITE_FENCES } from './fence-dialects.js';
export { FencedWork } from './fenced-work.js';
export { SqlTccFences } from './sql-tcc-fences.js';
export { TccActions } from './tcc-actions.js';
export { TccContext } from './tcc-context.js';
export type { TccFences } from './tcc-fences.interface.js';
export { TccPhase, currentTccContext, currentTccPhase } from './tcc-phase.js';
export { TccResource } from './tcc-resource.js';
