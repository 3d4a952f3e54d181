export type {
  AccessKey,
  NativeServer,
  NativeServerOptions,
  NativeServerStats,
  TlsOptions,
} from './native/index.js';
export { openNativeServer } from './native/index.js';
