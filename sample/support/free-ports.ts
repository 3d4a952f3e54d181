import { createServer, type Server } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * Below the range that systems take the ports of outgoing connections from. A port out of that
 * range may be somebody's connection at the moment when a killed process wants it back, and a
 * client that dials it over and over can end up connected to itself.
 */
const RANGE = { first: 15_000, last: 30_000 };
const TRIES_MAX = 200;

/** @returns ports that nobody listens on, and that a process finds free again after a restart */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = [];
  try {
    for (let tries = 0; held.length < count; tries += 1) {
      if (tries === TRIES_MAX) throw new Error('All ports seem to be taken.');
      const server = await hold(RANGE.first + Math.floor(Math.random() * rangeLength));
      if (server) held.push(server);
    }
    return held.map(portOf);
  } finally {
    await Promise.all(held.map(release));
  }
}

const rangeLength = RANGE.last - RANGE.first + 1;

/** Held until all are found, so that none is found twice. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, LOOPBACK, () => {
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const release = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
