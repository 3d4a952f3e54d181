export type { EmbeddedOptions, LocalCoordinatorOptions } from './embedded.js';
export type { SharedCoordinator } from './embedded-registry.js';
export { acquireCoordinator, connectEmbedded } from './embedded.js';
export type { RemoteOptions, TlsOptions } from './remote/index.js';
export { connectRemote } from './remote.js';
