import type { CoordinatorClient } from '../protocol/index.js';
import { MissingPeerError } from '../protocol/index.js';
import type { GrpcModule, RemoteOptions } from './remote/index.js';

const FEATURE = 'A remote coordinator';
const ADVICE = 'Run "npm install @grpc/grpc-js protobufjs".';

/**
 * Connects to a coordinator of other processes, at all of its nodes. Resolves when one of them is
 * open; while it waits it says what it waits for. Lost connections come back by themselves.
 *
 * @throws InvalidOptionError, MissingPeerError; CoordinatorUnreachableError when no node could be
 *   reached in `connectTimeoutMs`; ProtocolVersionError or CredentialRefusedError when every node
 *   refuses this client
 */
export async function connectRemote(options: RemoteOptions): Promise<CoordinatorClient> {
  const grpc = await findPeers();
  const { openRemote } = await import('./remote/index.js');
  return openRemote(options, grpc);
}

/** @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) */
async function findPeers(): Promise<GrpcModule> {
  const found = await peer('@grpc/grpc-js', import('@grpc/grpc-js'));
  await peer('protobufjs', import('protobufjs/light.js'));
  return found;
}

async function peer<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    throw new MissingPeerError(name, FEATURE, ADVICE, { cause });
  }
}
