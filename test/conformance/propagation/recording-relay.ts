import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import type { Address } from './carrier.interface.js';

/** Stands before a server and writes down what clients send to it. */
export interface RecordingRelay {
  readonly address: Address;
  /** What has come since the last call. */
  take(): string;
  close(): Promise<void>;
}

/** @param port @default a free one */
export async function openRelay(target: Address, port = 0): Promise<RecordingRelay> {
  const sockets = new Set<Socket>();
  let recorded = '';
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    client.on('data', (chunk) => (recorded += chunk.toString('latin1')));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    take: () => {
      const taken = recorded;
      recorded = '';
      return taken;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
