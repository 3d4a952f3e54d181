export { inboundHttp } from './inbound-http.js';
export type { HttpMiddleware, XidRefusal } from './inbound-http.js';
export { validateHttpPropagation } from './http-propagation-options.js';
export type { HttpPropagationOptions } from './http-propagation-options.js';
export { XID_HEADER } from './http-header.js';
export { installOutgoingHttp } from './outgoing-http.js';
