import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';
import { BankService, LEFT_BANK, RIGHT_BANK } from './bank.service.js';

export const ACCOUNTS = 24;
export const BALANCE = 1_000;
const NAMES = ['left', 'right'] as const;

const TABLES = `
  CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
  CREATE TABLE booking (
    transfer int, account int NOT NULL REFERENCES account, amount bigint NOT NULL,
    PRIMARY KEY (transfer));
  INSERT INTO account
    SELECT id, ${String(BALANCE)} FROM generate_series(1, ${String(ACCOUNTS)}) id`;

/** A durable server with both halves of the bank, and the application that owns them. */
export interface BankWorld {
  readonly bank: BankService;
  readonly server: string;
  /** The databases as an outsider sees them. */
  readonly databases: readonly pg.Pool[];
  /** Ends the application, so that nothing is under way any more. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<BankWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bank-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  });
  const urls = await Promise.all(NAMES.map((name) => server.createDatabase(name)));
  const databases = urls.map((url) => poolOf(url, 2));
  for (const database of databases) await database.query(TABLES);
  const [left, right] = urls.map((url, index) =>
    dtxPool(poolOf(url, 10), { resourceId: `${NAMES[index] ?? ''}-bank` }),
  );
  const app = await startApplication(join(folder, 'coordinator.db'), left, right);
  const { rows } =
    (await databases[0]?.query<{ server_version: string }>('SHOW server_version')) ?? {};
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await app.close();
    await Promise.all([left?.end(), right?.end()]);
  };
  return {
    bank: app.get(BankService),
    server: `PostgreSQL ${rows?.[0]?.server_version ?? ''}`,
    databases,
    stop,
    async close() {
      await stop();
      await Promise.all(databases.map((database) => database.end()));
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Connections that are idle when the server stops at the end are no failure. */
function poolOf(connectionString: string, max: number): pg.Pool {
  return new pg.Pool({ connectionString, max }).on('error', () => undefined);
}

function startApplication(
  store: string,
  left: pg.Pool | undefined,
  right: pg.Pool | undefined,
): Promise<INestApplicationContext> {
  @Module({
    imports: [DtxModule.forRoot({ applicationId: 'bank', coordinator: { store } })],
    providers: [
      BankService,
      { provide: LEFT_BANK, useValue: left },
      { provide: RIGHT_BANK, useValue: right },
    ],
  })
  class BankModule {}
  return NestFactory.createApplicationContext(BankModule, { logger: ['warn', 'error'] });
}
