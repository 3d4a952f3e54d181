/**
 * Doubles for unit tests of services with `@GlobalTransactional`: no coordinator, no database.
 *
 * @packageDocumentation
 */
export { DtxTestingModule } from './dtx-testing.module.js';
export type { DtxTestingModuleOptions } from './dtx-testing.module.js';
export { RecordingCoordinator } from './recording-coordinator.js';
export type { CommitFailure } from './recording-coordinator.js';
