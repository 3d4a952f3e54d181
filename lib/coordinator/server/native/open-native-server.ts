import { findGrpcPeers } from './grpc-peers.js';
import type { NativeServer } from './native-server.interface.js';
import type { NativeServerOptions } from './native-server-options.js';

/**
 * Opens a coordinator to clients of other processes, over gRPC. What it does not need until then,
 * it loads here.
 *
 * @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) what gRPC takes is not installed
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 * @throws InsecureListenError (DTX_ERR_CONFIG_INSECURE_LISTEN) others than this machine could reach
 * it, and it would ask nobody who they are
 * @throws what the operating system says about the port: EADDRINUSE, EACCES, …
 */
export async function openNativeServer(options: NativeServerOptions): Promise<NativeServer> {
  const peers = await findGrpcPeers();
  const [{ GrpcNativeServer }, { settingsOf }] = await Promise.all([
    import('./grpc-native-server.js'),
    import('./native-server-options.js'),
  ]);
  const server = new GrpcNativeServer(settingsOf(options), peers);
  await server.start();
  return server;
}
