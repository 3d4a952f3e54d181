export type {
  AccessKey,
  NativeServer,
  NativeServerOptions,
  NativeServerStats,
  TlsOptions,
} from './native/index.js';
export { checkNativeServer, openNativeServer } from './native/index.js';
