export { isTakenEarly } from './grpc-carrier.js';
export { dtxGrpcInterceptor } from './grpc-interceptor.js';
export type { DtxGrpcInterceptor, DtxGrpcInterceptorOptions } from './grpc-interceptor.js';
export type { MessageHost } from './inbound-handler.js';
export { installMessaging, registerMessageHost } from './install-messaging.js';
export { setMessagePolicy, setNamedModes } from './message-policies.js';
export { propagateXid } from './propagate-xid.js';
