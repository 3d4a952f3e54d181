import { Injectable } from '@nestjs/common';
import { TccAction, type TccContext, TxParam } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

import type { Leg } from '../transfer.js';
import { lockAccount } from './lock-account.js';

/** The account that is paid: the money is announced first, and booked or withdrawn in the end. */
@Injectable()
export class PayeeService {
  constructor(private readonly dataSource: DataSource) {}

  /** Nobody can spend what is only announced, so nothing is missing when it is withdrawn. */
  @TccAction({ name: 'payee.announce', confirm: 'book', cancel: 'withdraw' })
  async announce(
    @TxParam<Leg>('transfer') _transfer: string,
    @TxParam<Leg>('account') account: string,
    @TxParam<Leg>('amountCents') amountCents: number,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await lockAccount(manager, account);
      await manager.query(
        'UPDATE accounts SET coming_cents = coming_cents + $2 WHERE account = $1',
        [account, amountCents],
      );
    });
  }

  async book({ params: { transfer, account, amountCents } }: TccContext<Leg>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `UPDATE accounts SET coming_cents = coming_cents - $2, balance_cents = balance_cents + $2
          WHERE account = $1`,
        [account, amountCents],
      );
      await manager.query('INSERT INTO entries VALUES ($1, $2, $3)', [
        ...[transfer, account, amountCents],
      ]);
    });
  }

  async withdraw({ params: { account, amountCents } }: TccContext<Leg>): Promise<void> {
    await this.dataSource.query(
      'UPDATE accounts SET coming_cents = coming_cents - $2 WHERE account = $1',
      [account, amountCents],
    );
  }
}
