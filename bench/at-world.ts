import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule, TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import { withDtx } from 'nestjs-dtx/typeorm';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

import { startPostgres } from '../tools/postgres/index.js';

export const ROWS = 10_000;
export const POOL_SIZE = 16;

/** The tag of a branch that no coordinator knows; both ids have the form of real ones. */
export interface BranchTag {
  readonly xid: string;
  readonly branchId: string;
}

/** The servers, pools and application that a run of the benchmark needs. */
export interface AtWorld {
  /** The driver as it is, for tables without triggers and for captured ones. */
  readonly plainPool: pg.Pool;
  /** The same driver in AT mode. */
  readonly atPool: pg.Pool;
  readonly plainSource: DataSource;
  readonly atSource: DataSource;
  readonly manager: TransactionManager;
  readonly port: number;
  readonly url: string;
  /** The text that marks a local transaction as a branch. */
  tagStatement(tag: BranchTag): string;
  close(): Promise<void>;
}

/** Two equal tables of 10,000 rows; `captured` gets the triggers, `plain` is in a schema apart. */
const TABLES = `
  CREATE SCHEMA apart;
  CREATE TABLE apart.plain (id integer PRIMARY KEY, balance bigint NOT NULL);
  CREATE TABLE captured (id integer PRIMARY KEY, balance bigint NOT NULL);
  INSERT INTO apart.plain SELECT id, 0 FROM generate_series(1, ${String(ROWS)}) AS id;
  INSERT INTO captured SELECT id, 0 FROM generate_series(1, ${String(ROWS)}) AS id;
  VACUUM ANALYZE apart.plain;
  VACUUM ANALYZE captured`;

/** Starts a durable server and a whole application with a durable embedded coordinator. */
export async function openAtWorld(): Promise<AtWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: { fsync: 'on', synchronous_commit: 'on', max_connections: '120' },
  });
  const url = await server.createDatabase('bench');
  const plainPool = poolOf(url);
  for (const statement of TABLES.split(';')) await plainPool.query(statement);
  const atPool = dtxPool(poolOf(url), {
    resourceId: 'bench',
    schemas: ['public'],
  });
  const options = { type: 'postgres', url, poolSize: POOL_SIZE } satisfies DataSourceOptions;
  const plainSource = await new DataSource(options).initialize();
  const atSource = await new DataSource(
    withDtx(options, { resourceId: 'bench-typeorm', schemas: ['public'] }),
  ).initialize();
  const app = await startApplication([atPool, atSource], join(folder, 'coordinator.db'));
  return {
    plainPool,
    atPool,
    plainSource,
    atSource,
    manager: app.get(TransactionManager),
    port: server.port,
    url,
    tagStatement: tagStatementOf(atPool),
    async close() {
      await app.close();
      await Promise.all([plainPool.end(), atPool.end()]);
      await Promise.all([plainSource.destroy(), atSource.destroy()]);
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Connections that are idle when the server stops at the end are no failure. */
function poolOf(connectionString: string): pg.Pool {
  return new pg.Pool({ connectionString, max: POOL_SIZE }).on('error', () => undefined);
}

/** An application that owns the given data sources. */
export async function startApplication(
  sources: readonly object[],
  store: string,
): Promise<INestApplicationContext> {
  const providers = sources.map((useValue, index) => ({ provide: `source-${index}`, useValue }));
  @Module({
    imports: [DtxModule.forRoot({ applicationId: 'bench', coordinator: { store } })],
    providers,
  })
  class BenchModule {}
  return NestFactory.createApplicationContext(BenchModule, { logger: ['warn', 'error'] });
}

interface Tagging {
  readonly engine: { tagStatement(tag: BranchTag): string };
}

/** The capture variant needs the mark alone, which applications never see. */
function tagStatementOf(pool: pg.Pool): (tag: BranchTag) => string {
  const marked = pool as unknown as Record<symbol, Tagging>;
  const resource = marked[Symbol.for('dtx:resource')];
  if (resource === undefined) throw new Error('The pool is not instrumented.');
  return (tag) => resource.engine.tagStatement(tag);
}
