export { SocketListener } from './socket-listener.js';
