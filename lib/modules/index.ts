export { DtxModule } from './dtx.module.js';
export { STORE_DEFAULT } from './dtx-options.js';
export type { DtxCoordinatorOptions, DtxModuleOptions, DtxPatienceOptions } from './dtx-options.js';
