import { join } from 'node:path';

import { startRedis } from '../../tools/redis/index.js';
import { LOOPBACK } from '../support/free-ports.js';
import type { MessageTransport } from './message-transport.js';
import type { Options } from './options.js';

/** What carries the messages of a run. */
export interface Messages {
  readonly transport: MessageTransport;
  /** For people. */
  readonly description: string;
  close(): Promise<void>;
}

/** Starts a Redis server, or does with TCP. */
export async function openMessages(
  wish: Options['transport'],
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<Messages> {
  if (wish === 'tcp') return overTcp(port, 'TCP, as you wish');
  try {
    return await overRedis(folder);
  } catch (error) {
    if (wish === 'redis') throw error;
    return overTcp(port, 'TCP, since there is no Redis here');
  }
}

async function overRedis(folder: string): Promise<Messages> {
  const server = await startRedis({ dataDir: join(folder, 'redis'), required: true });
  if (!server) throw new Error('There is no Redis.');
  const { port, version, url } = server;
  const { password } = new URL(url);
  return {
    transport: { kind: 'redis', host: LOOPBACK, port, password },
    description: `Redis ${version}`,
    close: () => server.stop(),
  };
}

const overTcp = (port: number, description: string): Messages => ({
  transport: { kind: 'tcp', host: LOOPBACK, port },
  description,
  close: () => Promise.resolve(),
});
