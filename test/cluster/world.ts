import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import type { RunningPostgres } from '../../tools/postgres/index.js';
import { startPostgres } from '../../tools/postgres/index.js';
import { BUSINESS_TABLES, WITNESS_TABLES } from './business.js';
import { NodeProcess } from './node-process.js';
import type { ClusterOptions } from './options.js';
import { loadProduct } from './product.js';

const NAMES = ['a', 'b'] as const;

/** A durable server with both databases, and two nodes that are not started yet. */
export interface ClusterWorld {
  readonly nodes: readonly NodeProcess[];
  readonly journalFiles: readonly string[];
  /** The coordinator's database. */
  readonly coordinator: pg.Pool;
  readonly business: pg.Pool;
  close(): Promise<void>;
}

export async function openWorld(options: ClusterOptions): Promise<ClusterWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-cluster-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  });
  const close = async (): Promise<void> => {
    await server.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await setUp(options, { folder, server, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Ground {
  readonly folder: string;
  readonly server: RunningPostgres;
  close(): Promise<void>;
}

async function setUp(
  { concurrency, lib }: ClusterOptions,
  { close, folder, server }: Ground,
): Promise<ClusterWorld> {
  const coordinatorUrl = await server.createDatabase('coordinator');
  const businessUrl = await server.createDatabase('business');
  const coordinator = poolOf(coordinatorUrl);
  const business = poolOf(businessUrl);
  const { openPostgresStore } = await loadProduct(lib);
  await (await openPostgresStore({ url: coordinatorUrl, migrate: true })).close();
  for (const statement of WITNESS_TABLES) await coordinator.query(statement);
  for (const statement of BUSINESS_TABLES) await business.query(statement);
  const ports = await freePorts();
  const journalFiles = NAMES.map((name) => join(folder, `journal-${name}.jsonl`));
  const nodes = NAMES.map(
    (node, index) =>
      new NodeProcess({
        node,
        lib,
        coordinatorUrl,
        businessUrl,
        port: ports[index] ?? 0,
        peerPort: ports[1 - index] ?? 0,
        journalFile: journalFiles[index] ?? '',
        concurrency,
      }),
  );
  return {
    nodes,
    journalFiles,
    coordinator,
    business,
    async close() {
      for (const node of nodes) node.destroy();
      await Promise.all([coordinator.end(), business.end()]);
      await close();
    },
  };
}

function poolOf(connectionString: string): pg.Pool {
  return new pg.Pool({ connectionString, max: 2 }).on('error', () => undefined);
}

/** Two at once, so that they differ. */
async function freePorts(): Promise<number[]> {
  const servers = NAMES.map(() => createServer().listen(0, '127.0.0.1'));
  return Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).once('listening', () => {
            const { port } = server.address() as AddressInfo;
            server.close(() => {
              resolve(port);
            });
          });
        }),
    ),
  );
}
