import type { PoolOptions } from 'mysql2/promise';

import { openMysqlDatabase } from '../../../lib/coordinator/store/mysql/index.js';
import {
  kindOfMysqlCommitError,
  kindOfMysqlError,
} from '../../../lib/coordinator/store/mysql/mysql-trouble.js';
import type { Mysql2Module } from '../../../lib/coordinator/store/mysql/mysql2-database.js';
import { Mysql2Database } from '../../../lib/coordinator/store/mysql/mysql2-database.js';
import { systemClock } from '../../../lib/system/index.js';

const serverError = (errno: number) =>
  Object.assign(new Error(`error ${String(errno)}`), { errno, sqlState: 'HY000' });

/** A package whose connections answer by the table, and that tells what became of them. */
function fakeMysql2(answers: Readonly<Record<string, Error>>) {
  const said: string[] = [];
  const connection = {
    connection: {},
    query: (sql: string) => {
      said.push(sql);
      const error = answers[sql];
      return error === undefined ? Promise.resolve([[], []]) : Promise.reject(error);
    },
    release: () => said.push('(released)'),
    destroy: () => said.push('(destroyed)'),
  };
  const pool = {
    getConnection: () => Promise.resolve(connection),
    end: () => Promise.resolve(),
  };
  const mysql2 = { createPool: (_options: PoolOptions) => pool } as unknown as Mysql2Module;
  const options = { clock: systemClock, timeoutMs: 1_000, connectionsMax: 1 };
  const database = new Mysql2Database(mysql2, { ...options, url: 'mysql://me:s3cr3t@host/db' });
  const saidLast = (): readonly string[] => said.slice(said.indexOf('START TRANSACTION') + 1);
  return { database, saidLast };
}

describe('An error of mysql2', () => {
  it.each([
    [1062, 'refused', 'unknown'],
    [1205, 'refused', 'unknown'],
    [1213, 'refused', 'refused'],
    [1020, 'refused', 'refused'],
    [1290, 'unavailable', 'unavailable'],
    [3101, 'refused', 'refused'],
    [1021, 'unavailable', 'unknown'],
    [1180, 'unknown', 'unknown'],
    [1927, 'unknown', 'unknown'],
  ])('%i says %s of a statement, and %s of a COMMIT', (errno, ofStatement, ofCommit) => {
    expect(kindOfMysqlError(serverError(errno))).toBe(ofStatement);
    expect(kindOfMysqlCommitError(serverError(errno))).toBe(ofCommit);
  });
});

describe('A transaction in MySQL', () => {
  it('whose COMMIT fails for a reason that nobody knows may have happened', async () => {
    const { database, saidLast } = fakeMysql2({ COMMIT: serverError(1_105) });

    const work = database.transaction(({ query }) => query('SELECT 1'));

    await expect(work).rejects.toMatchObject({ name: 'SqlTrouble', kind: 'unknown' });
    expect(saidLast()).toEqual(['SELECT 1', 'COMMIT', 'ROLLBACK', '(destroyed)']);
  });

  it('that cannot be rolled back takes its connection along', async () => {
    const { database, saidLast } = fakeMysql2({ ROLLBACK: serverError(1_105) });

    const work = database.transaction(() => Promise.reject(new Error('stale')));

    await expect(work).rejects.toThrow('stale');
    expect(saidLast()).toEqual(['ROLLBACK', '(destroyed)']);
  });

  it('that was rolled back gives its connection back', async () => {
    const { database, saidLast } = fakeMysql2({});

    const work = database.transaction(() => Promise.reject(new Error('stale')));

    await expect(work).rejects.toThrow('stale');
    expect(saidLast()).toEqual(['ROLLBACK', '(released)']);
  });
});

describe('A transaction over a data source for MySQL', () => {
  it('whose COMMIT fails for a reason that nobody knows may have happened', async () => {
    const said: string[] = [];
    const runner = {
      connect: () => Promise.resolve({}),
      release: () => Promise.resolve(),
      query: (sql: string) => {
        said.push(sql);
        const isCommit = sql === 'COMMIT';
        return isCommit ? Promise.reject(serverError(1_105)) : Promise.resolve({ records: [] });
      },
    };
    const options = { type: 'mysql' };
    const dataSource = { isInitialized: true, options, createQueryRunner: () => runner };
    const database = await openMysqlDatabase({ dataSource });

    const work = database.transaction((connection) => connection.query('SELECT 1'));

    await expect(work).rejects.toMatchObject({ name: 'SqlTrouble', kind: 'unknown' });
    expect(said).toEqual(['START TRANSACTION', 'SELECT 1', 'COMMIT', 'ROLLBACK']);
  });
});

describe('A URL that mysql2 does not take', () => {
  it('is refused without showing it', () => {
    const mysql2: Mysql2Module = {
      createPool: ({ uri }) => {
        throw Object.assign(new TypeError('Invalid URL'), { input: uri });
      },
    };
    const options = { clock: systemClock, timeoutMs: 1_000, connectionsMax: 1 };
    let error: unknown;
    try {
      new Mysql2Database(mysql2, { ...options, url: 'mysql://me:s3cr3t@/db' });
    } catch (thrown) {
      error = thrown;
    }

    expect(error).toMatchObject({ code: 'DTX_ERR_CONFIG_OPTION' });
    expect(error).not.toHaveProperty('cause');
    expect(String(error)).not.toContain('s3cr3t');
  });
});
