import { Injectable } from '@nestjs/common';
import { TccAction, type TccContext, TxParam } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

import type { Leg } from '../transfer.js';
import { lockAccount, refuse } from './lock-account.js';

/** The account that pays: its money is frozen first, and spent or unfrozen in the end. */
@Injectable()
export class PayerService {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * All that could be refused is refused here: from now on the money cannot go elsewhere. What
   * `@TxParam` picks is what confirm and cancel will be given.
   */
  @TccAction({ name: 'payer.freeze', confirm: 'spend', cancel: 'unfreeze' })
  async freeze(
    @TxParam<Leg>('transfer') _transfer: string,
    @TxParam<Leg>('account') account: string,
    @TxParam<Leg>('amountCents') amountCents: number,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      // The row is locked for this moment only. Until the transfer is decided it is free, and other
      // transfers can freeze what is left.
      const { freeCents } = await lockAccount(manager, account);
      if (freeCents < amountCents) throw refuse('NOT_ENOUGH_MONEY');
      await manager.query(
        'UPDATE accounts SET frozen_cents = frozen_cents + $2 WHERE account = $1',
        [account, amountCents],
      );
    });
  }

  /** Looks at nothing: the decision has been made, and what it needs was frozen for it. */
  async spend({ params: { transfer, account, amountCents } }: TccContext<Leg>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `UPDATE accounts SET frozen_cents = frozen_cents - $2, balance_cents = balance_cents - $2
          WHERE account = $1`,
        [account, amountCents],
      );
      // No look whether it is there: confirmed twice, this method still runs once.
      await manager.query('INSERT INTO entries VALUES ($1, $2, $3)', [
        ...[transfer, account, -amountCents],
      ]);
    });
  }

  /** Not called where the try has left nothing: there is nothing to unfreeze then. */
  async unfreeze({ params: { account, amountCents } }: TccContext<Leg>): Promise<void> {
    await this.dataSource.query(
      'UPDATE accounts SET frozen_cents = frozen_cents - $2 WHERE account = $1',
      [account, amountCents],
    );
  }
}
