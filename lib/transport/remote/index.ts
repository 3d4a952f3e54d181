export type { GrpcModule } from './grpc-dial.js';
export { openRemote } from './open-remote.js';
export type { RemoteOptions, TlsOptions } from './options.js';
