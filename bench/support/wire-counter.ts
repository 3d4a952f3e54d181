import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** How often one connection has gone back and forth. */
export interface WireCount {
  /** Times the client has sent after it had received: round trips. */
  roundTrips: number;
}

/** A relay on loopback that counts the round trips of each connection to a server. */
export interface WireCounter {
  readonly port: number;
  readonly connections: readonly WireCount[];
  close(): Promise<void>;
}

/** Puts a counting relay in front of a port on 127.0.0.1. */
export async function countWire(targetPort: number): Promise<WireCounter> {
  const connections: WireCount[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    connections.push(relay(client, upstream));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function relay(client: Socket, upstream: Socket): WireCount {
  let isAnswered = true;
  const count: WireCount = { roundTrips: 0 };
  client.on('data', (chunk) => {
    // Several packets before an answer are one trip.
    if (isAnswered) count.roundTrips += 1;
    isAnswered = false;
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => {
    isAnswered = true;
    client.write(chunk);
  });
  return count;
}
