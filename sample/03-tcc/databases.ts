import { join } from 'node:path';

import type pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';
import type { Figure } from '../support/load/load-report.js';
import { countRows, openPool, readLines } from '../support/load/pg-look.js';
import type { LoadDatabases } from '../support/load/run-load.js';
import {
  CANCELLED,
  centsIn,
  checkBooks,
  CONFIRMED,
  EMPTY,
  type Fence,
  type Ledger,
} from './books.js';
import { type Opening, openings } from './make-transfers.js';
import { type Bank, BANKS, type Transfer } from './transfer.js';

/** A database for each bank, on one PostgreSQL, with money in its accounts. */
export async function openDatabases(folder: string): Promise<LoadDatabases<Transfer>> {
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  const urls = await perBank((bank) => postgres.createDatabase(bank));
  const pools = await perBank((bank) => openPool(urls[bank]));
  const opened = openings();
  await perBank((bank) =>
    seed(
      pools[bank],
      opened.filter((account) => account.bank === bank),
    ),
  );
  return {
    urls,
    unsettled: async () => {
      const counts = await perBank((bank) => countRows(pools[bank], UNSETTLED));
      return counts.north + counts.south;
    },
    problems: async (told) => checkBooks(await readLedger(pools), { told, openings: opened }),
    figures: async () => figuresOf(await readLedger(pools), opened),
    async close() {
      await perBank((bank) => pools[bank].end());
      await postgres.stop();
    },
  };
}

type PerBank<T> = Readonly<Record<Bank, T>>;

async function perBank<T>(create: (bank: Bank) => T | Promise<T>): Promise<PerBank<T>> {
  const entries = BANKS.map(async (bank) => [bank, await create(bank)] as const);
  return Object.fromEntries(await Promise.all(entries)) as PerBank<T>;
}

/** A confirm that ran twice, or a cancel of nothing, would break a CHECK. */
const SCHEMA = `
CREATE TABLE accounts (
  account text PRIMARY KEY,
  balance_cents int NOT NULL,
  frozen_cents int NOT NULL DEFAULT 0 CHECK (frozen_cents BETWEEN 0 AND balance_cents),
  coming_cents int NOT NULL DEFAULT 0 CHECK (coming_cents >= 0),
  is_blocked boolean NOT NULL
);
CREATE TABLE entries (transfer text, account text, cents int, PRIMARY KEY (transfer, account))`;

async function seed(pool: pg.Pool, accounts: readonly Opening[]): Promise<void> {
  await pool.query(SCHEMA);
  await pool.query(
    `INSERT INTO accounts (account, balance_cents, is_blocked)
     SELECT * FROM unnest($1::text[], $2::int[], $3::boolean[])`,
    [
      accounts.map(({ account }) => account),
      accounts.map(({ balanceCents }) => balanceCents),
      accounts.map(({ isBlocked }) => isBlocked),
    ],
  );
}

/** Tries that are neither confirmed nor cancelled. */
const UNSETTLED = 'dtx.tcc_fence WHERE state = 1';

/** Looks into the databases with plain SQL, past the services and past this library. */
async function readLedger(pools: PerBank<pg.Pool>): Promise<Ledger> {
  const ledgers = await perBank(async (bank) => ({
    accounts: await readLines(
      pools[bank],
      'account, balance_cents, frozen_cents, coming_cents',
      'accounts',
    ),
    entries: await readLines(pools[bank], 'transfer, account, cents', 'entries'),
    fences: (await pools[bank].query<Omit<Fence, 'bank'>>('SELECT xid, state FROM dtx.tcc_fence'))
      .rows,
  }));
  return {
    accounts: BANKS.flatMap((bank) => ledgers[bank].accounts),
    entries: BANKS.flatMap((bank) => ledgers[bank].entries),
    fences: BANKS.flatMap((bank) => ledgers[bank].fences.map((fence) => ({ bank, ...fence }))),
  };
}

function figuresOf(ledger: Ledger, opened: readonly Opening[]): readonly Figure[] {
  const fences = (wanted: number): number =>
    ledger.fences.filter(({ state }) => state === wanted).length;
  const before = opened.reduce((sum, { balanceCents }) => sum + balanceCents, 0);
  return [
    { key: 'centsBefore', label: 'Cents in both banks before', value: before },
    { key: 'centsAfter', label: '  after', value: centsIn(ledger) },
    { key: 'confirmed', label: 'Tries confirmed', value: fences(CONFIRMED) },
    { key: 'cancelled', label: '  cancelled', value: fences(CANCELLED) },
    { key: 'empty', label: '  without effect', value: fences(EMPTY) },
  ];
}
