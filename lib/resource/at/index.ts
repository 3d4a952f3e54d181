export type {
  AtEngine,
  BranchTag,
  CaptureError,
  InstallReport,
  SqlResult,
  SqlSession,
  SqlSource,
} from './at-engine.interface.js';
export { AtResource } from './at-resource.js';
export type { AtResourceInit, AtResourceOptions } from './at-resource.js';
export { LocalBranch } from './local-branch.js';
