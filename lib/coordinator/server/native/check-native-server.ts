import { findGrpcPeers } from './grpc-peers.js';
import type { NativeServerOptions } from './native-server-options.js';

/**
 * What openNativeServer would refuse, before anything else is opened for it.
 *
 * @throws MissingPeerError, InvalidOptionError, InsecureListenError
 */
export async function checkNativeServer(
  options: Omit<NativeServerOptions, 'coordinator'>,
): Promise<void> {
  await findGrpcPeers();
  const { settingsOf } = await import('./native-server-options.js');
  const coordinator = {
    namespace: (): never => {
      throw new Error('Nobody asks it while the options are checked.');
    },
  };
  settingsOf({ ...options, coordinator, log: { ...options.log, warn: () => undefined } });
}
