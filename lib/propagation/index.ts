export { inboundHttp } from './inbound-http.js';
export type { HttpMiddleware, XidRefusal } from './inbound-http.js';
export { validateHttpPropagation } from './http-propagation-options.js';
export type { HttpPropagationOptions } from './http-propagation-options.js';
export { XID_HEADER } from './http-header.js';
export { installOutgoingHttp } from './outgoing-http.js';
export { toModes, validateMessaging } from './messaging-options.js';
export type { MessagingOptions, XidMode, XidModes } from './messaging-options.js';
export {
  dtxGrpcInterceptor,
  installMessaging,
  isTakenEarly,
  propagateXid,
  registerMessageHost,
  setMessagePolicy,
  setNamedModes,
} from './messaging/index.js';
export type {
  DtxGrpcInterceptor,
  DtxGrpcInterceptorOptions,
  MessageHost,
} from './messaging/index.js';
