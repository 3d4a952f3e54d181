import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule, TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';
import type { RunningPostgres } from '../../tools/postgres/index.js';
import { FileError, loadFile } from './load-file.js';
import type { Model } from './model.js';
import { readModel } from './model.js';

/** The database that the transactions write to, and others that only see what was committed. */
export interface World {
  readonly manager: TransactionManager;
  readonly model: Model;
  /** In AT mode. */
  readonly pool: pg.Pool;
  /** The same database, as an outsider without triggers sees it. */
  readonly plain: pg.Pool;
  readonly copy: pg.Pool;
  /** A second copy: where it differs from the first, columns are random by themselves. */
  readonly scratch: pg.Pool;
  readonly warnings: readonly string[];
  /** Two databases as the file has made them, to try statements on. */
  tryOut<T>(work: (one: pg.Pool, other: pg.Pool) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openWorld(sql: string): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-fuzz-'));
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
  const closers: (() => Promise<unknown>)[] = [
    () => rm(folder, { recursive: true, force: true }),
    () => server.remove(),
  ];
  const close = async (): Promise<void> => {
    while (closers.length > 0) await soon(closers.pop()?.());
  };
  try {
    return await fill(server, join(folder, 'coordinator.db'), sql, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function fill(
  server: RunningPostgres,
  store: string,
  sql: string,
  closers: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<World> {
  const admin = poolOf(server.url());
  closers.push(() => admin.end());
  const derive = async (name: string): Promise<string> => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE origin`);
    return server.url(name);
  };
  await loadFile(await server.createDatabase('origin'), sql);
  const urls = { main: await derive('main'), copy: await derive('copy') };
  const copies = [poolOf(urls.copy), poolOf(await derive('scratch'))] as const;
  const plain = poolOf(urls.main, '-c session_replication_role=replica');
  closers.push(() => Promise.all([...copies, plain].map((pool) => pool.end())));
  const model = await readModel(plain);
  if (model.tables.length === 0) throw new FileError('There is no table in the file.');
  const pool = dtxPool(poolOf(urls.main), { resourceId: 'fuzz', schemas: model.schemas });
  const warnings: string[] = [];
  const app = await startApplication(store, pool, warnings);
  closers.push(async () => {
    await soon(app.close());
    await pool.end();
  });
  return {
    manager: app.get(TransactionManager),
    model,
    pool,
    plain,
    copy: copies[0],
    scratch: copies[1],
    warnings,
    async tryOut(work) {
      const pair = [poolOf(await derive('try_one')), poolOf(await derive('try_other'))] as const;
      try {
        return await work(...pair);
      } finally {
        await soon(Promise.all(pair.map((each) => each.end())));
        await server.dropDatabase('try_one');
        await server.dropDatabase('try_other');
      }
    },
    close,
  };
}

/** A pool whose connection nobody gives back never ends, and is not worth the result of a run. */
async function soon(work: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([work, sleep(END_MS_MAX)]);
}

const END_MS_MAX = 5_000;

/** Connections that are idle when the server stops at the end are no failure. */
function poolOf(connectionString: string, options?: string): pg.Pool {
  const config = { connectionString, max: 4, ...(options !== undefined && { options }) };
  return new pg.Pool(config).on('error', () => undefined);
}

function startApplication(
  store: string,
  pool: pg.Pool,
  warnings: string[],
): Promise<INestApplicationContext> {
  @Module({
    imports: [DtxModule.forRoot({ applicationId: 'fuzz', coordinator: { store } })],
    providers: [{ provide: 'POOL', useValue: pool }],
  })
  class FuzzModule {}
  const note = (message: unknown): void => void warnings.push(String(message));
  const logger = { log: () => undefined, warn: note, error: note, fatal: note };
  return NestFactory.createApplicationContext(FuzzModule, { logger, abortOnError: false });
}
