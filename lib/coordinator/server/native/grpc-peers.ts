import type * as grpcJs from '@grpc/grpc-js';
import type * as healthCheck from 'grpc-health-check';

import { MissingPeerError } from '../../../protocol/index.js';

const FEATURE = 'A coordinator for other processes';
const PEERS = ['@grpc/grpc-js', 'grpc-health-check', 'protobufjs'];
const ADVICE = `Run "npm install ${PEERS.join(' ')}".`;

export interface GrpcPeers {
  readonly grpc: typeof grpcJs;
  readonly health: typeof healthCheck;
}

/** @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) */
export async function findGrpcPeers(): Promise<GrpcPeers> {
  const grpc = await named('@grpc/grpc-js', import('@grpc/grpc-js'));
  const health = await named('grpc-health-check', import('grpc-health-check'));
  // What reads and writes frames is all that loads it, and is loaded later.
  await named('protobufjs', import('../../../protocol/wire/index.js'));
  return { grpc, health };
}

async function named<T>(peer: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    throw new MissingPeerError(peer, FEATURE, ADVICE, { cause });
  }
}
