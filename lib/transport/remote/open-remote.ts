import type { CoordinatorClient } from '../../protocol/index.js';
import { CoordinatorClosedError } from '../../protocol/index.js';
import { VERSIONS } from '../../protocol/wire/index.js';
import { Attachments } from './attachments.js';
import { CallRouter } from './call-router.js';
import type { GrpcModule } from './grpc-dial.js';
import { grpcDial } from './grpc-dial.js';
import type { NodeAddress } from './frame-stream.interface.js';
import type { NodeConnectionEvents } from './node-connection.js';
import { NodeConnection } from './node-connection.js';
import { NodeSet } from './node-set.js';
import type { RemoteOptions } from './options.js';
import { readOptions, warnOfClearKey } from './options.js';
import { RemoteClient } from './remote-client.js';

const SOFTWARE = 'nestjs-dtx';

/** Puts the parts of a client together, and waits for the first node. */
export async function openRemote(
  options: RemoteOptions,
  grpc: GrpcModule,
): Promise<CoordinatorClient> {
  const settings = readOptions(options);
  const { applicationId, clock, hold, ids, instanceId, log, lookUp, namespace, urls } = settings;
  warnOfClearKey(settings);
  const dial = grpcDial(grpc, urls.some(({ isTls }) => isTls) ? settings.tls : undefined);
  const connect = (address: NodeAddress, events: NodeConnectionEvents): NodeConnection => {
    const hello = {
      versionMin: VERSIONS.min,
      versionMax: VERSIONS.max,
      namespace,
      applicationId,
      instanceId,
      resources: attachments.resources,
      credential: settings.key,
      software: SOFTWARE,
    };
    const connection = new NodeConnection({
      clock,
      hello,
      dial: (streamEvents) => dial(address, streamEvents),
      events,
    });
    attachments.greeted(connection);
    return connection;
  };
  const nodes: NodeSet = new NodeSet({
    urls,
    clock,
    ids,
    log,
    lookUp,
    connect,
    events: {
      onOpen: (connection) => {
        attachments.opened(connection);
        router.opened();
      },
      onLost: (connection) => {
        attachments.lost(connection);
      },
      onPhaseTwo: (connection, requestId, call) => {
        void attachments.finish(connection, requestId, call);
      },
    },
  });
  const attachments = new Attachments({
    clock,
    log,
    connectTimeoutMs: settings.connectTimeoutMs,
    nodes,
  });
  const router = new CallRouter({
    clock,
    hold,
    callTimeoutMs: settings.callTimeoutMs,
    pick: (xid) => nodes.open.pick(xid),
    nodes,
  });
  // Between two dials nothing else keeps the process alive.
  const release = hold();
  const giveUp = (): void => void nodes.stop();
  options.signal?.addEventListener('abort', giveUp);
  try {
    if (options.signal?.aborted === true) throw new CoordinatorClosedError('A connection');
    nodes.start();
    await nodes.whenOpen(settings.connectTimeoutMs);
  } catch (error) {
    await nodes.stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
    release();
  }
  return new RemoteClient({ clock, attachments, nodes, router });
}
