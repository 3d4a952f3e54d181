/** Where a coordinator listens if nothing is said: nobody beyond this machine reaches it. */
export const LISTEN_DEFAULT = '127.0.0.1:7091';
