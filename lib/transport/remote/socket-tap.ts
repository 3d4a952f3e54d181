import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Socket } from 'node:net';

import { isLiteral } from './node-url.js';

interface Connector {
  connect(socket: Socket): Promise<unknown>;
  readonly connectionOptions?: { servername?: string };
}

interface ConnectorFactory {
  _createSecureConnector?: (...args: readonly unknown[]) => Connector;
}

/**
 * Gets hold of the socket of a gRPC channel, so that it can be given up. A channel that is closed
 * while it connects leaves its socket open for as long as the other side says nothing; a client
 * that dials again and again would run out of them.
 *
 * No option of grpc-js gives the socket away. Every socket passes through the credentials, by a
 * method that is not public: a version without it works too, and keeps such sockets.
 */
export class SocketTap {
  readonly credentials: ChannelCredentials;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  constructor(credentials: ChannelCredentials) {
    const { _createSecureConnector: create } = credentials as unknown as ConnectorFactory;
    const tapped = Object.create(credentials) as ConnectorFactory;
    if (create !== undefined) {
      tapped._createSecureConnector = (...args) => this.#tap(create.apply(credentials, [...args]));
    }
    this.credentials = tapped as unknown as ChannelCredentials;
  }

  /** Gives up what there is and what may still come. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #tap(connector: Connector): Connector {
    leaveOutAddress(connector);
    const connect = (socket: Socket): Promise<unknown> => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (this.#isClosed) socket.destroy();
      return connector.connect(socket);
    };
    return Object.assign(Object.create(connector) as Connector, { connect });
  }
}

/**
 * TLS knows no addresses as server names, and Node warns of them (DEP0123). The certificate is
 * compared with the address all the same: Node finds it in the options as the host.
 */
function leaveOutAddress({ connectionOptions }: Connector): void {
  const name = connectionOptions?.servername;
  if (name !== undefined && isLiteral(name)) delete connectionOptions?.servername;
}
