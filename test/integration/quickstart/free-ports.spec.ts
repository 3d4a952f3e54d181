import { createServer } from 'node:net';

import { findFreePorts } from '../../../sample/support/free-ports.js';

/** The lowest port that Linux takes for outgoing connections. */
const EPHEMERAL_FIRST = 32_768;

describe('free ports', () => {
  it('are different, and out of the range of outgoing connections', async () => {
    const ports = await findFreePorts(50);

    expect(new Set(ports).size).toBe(50);
    expect(Math.min(...ports)).toBeGreaterThan(1_023);
    expect(Math.max(...ports)).toBeLessThan(EPHEMERAL_FIRST);
  });

  it('can be listened on', async () => {
    const [port] = await findFreePorts(1);
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    server.close();
  });
});
