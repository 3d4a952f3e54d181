export type {
  CoordinatorCaps,
  CoordinatorKey,
  CoordinatorModuleOptions,
  CoordinatorTlsOptions,
} from './host-options.js';
export { CoordinatorServer } from './coordinator-server.js';
export { CoordinatorModule } from './coordinator.module.js';
export type { CoordinatorStoreOptions, DtxPatienceOptions } from '../store-options.js';
