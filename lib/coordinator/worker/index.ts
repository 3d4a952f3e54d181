export { ClaimLoop } from './claim-loop.js';
export { DeadlockWatch } from './deadlock-watch.js';
export { GroupCommit } from './group-commit.js';
export {
  LEASE_MS_DEFAULT,
  PATIENCE_DEFAULT,
  RETENTION_COUNT_DEFAULT,
  RETENTION_MS_DEFAULT,
} from './limits.js';
export type { NamespaceCaps } from './namespace-caps.js';
export { NAMESPACE_CAPS_DEFAULT } from './namespace-caps.js';
export { NamespaceCoordinator } from './namespace-coordinator.js';
export type { NodeIdentity } from './node-identity.js';
export { Retention } from './retention.js';
