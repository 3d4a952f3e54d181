export { GroupCommit } from './group-commit.js';
export * from './limits.js';
export { NamespaceCoordinator } from './namespace-coordinator.js';
