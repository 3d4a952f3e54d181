export { NAME_PREFIX, partsOf, scopeOf, tagOf } from './branch-names.js';
export { XaBranch } from './xa-branch.js';
export type {
  Ending,
  EndingAnswer,
  PreparedBranch,
  PreparedHold,
  XaEngine,
  XaReport,
} from './xa-engine.interface.js';
export { XaResource } from './xa-resource.js';
