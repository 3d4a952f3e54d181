export type { DtxResource, ResourceHost, ResourceReport } from './dtx-resource.interface.js';
export { resourceOf } from './resource-of.js';
