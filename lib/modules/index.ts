export type { DtxCoordinatorOptions, DtxTlsOptions } from './dtx-coordinator-options.js';
export { DtxModule } from './dtx.module.js';
export type { DtxModuleOptions } from './dtx-options.js';
export { LISTEN_DEFAULT } from './listen-default.js';
export { STORE_DEFAULT } from './store-options.js';
export type { CoordinatorStoreOptions, DtxPatienceOptions } from './store-options.js';
