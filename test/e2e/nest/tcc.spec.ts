import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TccContext } from 'nestjs-dtx';
import { GlobalTransactional, TccAction, TxParam } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import type { Pool } from 'pg';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { LogLines, recordedDtx } from './application.js';

const POOL = 'account pool';

interface Freeze {
  readonly accountId: number;
  readonly amount: number;
}

@Injectable()
class AccountService {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
  async freeze(
    @TxParam<Freeze>('accountId', 'id') account: { readonly id: number },
    @TxParam<Freeze>('amount') amount: number,
  ): Promise<string> {
    await this.pool.query('UPDATE account SET frozen = frozen + $2 WHERE id = $1', [
      account.id,
      amount,
    ]);
    return `hold of ${String(amount)}`;
  }

  async take({ params }: TccContext<Freeze>): Promise<void> {
    await this.pool.query(
      'UPDATE account SET frozen = frozen - $2, balance = balance - $2 WHERE id = $1',
      [params.accountId, params.amount],
    );
  }

  async free({ params }: TccContext<Freeze>): Promise<void> {
    await this.pool.query('UPDATE account SET frozen = frozen - $2 WHERE id = $1', [
      params.accountId,
      params.amount,
    ]);
  }

  @GlobalTransactional()
  async pay(amount: number, fails: boolean): Promise<string> {
    await this.pool.query('INSERT INTO payment VALUES ($1)', [amount]);
    const hold = await this.freeze({ id: 1 }, amount);
    if (fails) throw new Error('card refused');
    return hold;
  }
}

describe('TCC and AT in one Nest application', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
    await database.pool().query(
      `CREATE TABLE account (id int PRIMARY KEY, balance int, frozen int);
       INSERT INTO account VALUES (1, 100, 0); CREATE TABLE payment (amount int PRIMARY KEY)`,
    );
  });
  afterEach(() => database.drop());

  const open = async () => {
    const log = new LogLines();
    @Module({
      imports: [recordedDtx().module],
      providers: [
        AccountService,
        { provide: POOL, useValue: dtxPool(database.pool(), { resourceId: 'accounts' }) },
      ],
    })
    class BankModule {}
    const app = await Test.createTestingModule({ imports: [BankModule] })
      .setLogger(log)
      .compile();
    await app.init();
    return { app, log, accounts: app.get(AccountService) };
  };

  const state = async (): Promise<unknown> => {
    const { rows } = await database
      .pool()
      .query('SELECT balance, frozen, (SELECT count(*)::int FROM payment) AS paid FROM account');
    return rows[0];
  };

  it('are confirmed together, and what the try returns reaches its caller', async () => {
    const { accounts, app, log } = await open();

    await expect(accounts.pay(30, false)).resolves.toBe('hold of 30');

    expect(await state()).toEqual({ balance: 70, frozen: 0, paid: 1 });
    expect(log.of('DtxModule')).toContainEqual(
      expect.stringContaining('account.freeze (TCC, fenced at accounts)'),
    );
    await app.close();
  });

  it('are cancelled and undone together', async () => {
    const { accounts, app } = await open();

    await expect(accounts.pay(30, true)).rejects.toThrow('card refused');

    expect(await state()).toEqual({ balance: 100, frozen: 0, paid: 0 });
    await app.close();
  });

  it('refuse a try outside of a global transaction', async () => {
    const { accounts, app } = await open();

    await expect(accounts.freeze({ id: 1 }, 5)).rejects.toMatchObject({
      code: 'DTX_ERR_RM_TCC_OUTSIDE',
    });

    expect(await state()).toEqual({ balance: 100, frozen: 0, paid: 0 });
    await app.close();
  });
});
