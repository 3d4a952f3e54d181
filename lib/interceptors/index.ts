export { composeInterceptors } from './compose-interceptors.js';
export { DtxRuntime } from './dtx-runtime.js';
export type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';
