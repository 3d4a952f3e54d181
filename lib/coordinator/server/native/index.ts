export { checkNativeServer } from './check-native-server.js';
export type { AccessKey, NativeServerOptions, TlsOptions } from './native-server-options.js';
export type { NativeServer } from './native-server.interface.js';
export { openNativeServer } from './open-native-server.js';
export type { NativeServerStats } from './traffic.js';
