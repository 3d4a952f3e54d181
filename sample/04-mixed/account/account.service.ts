import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { TccAction, type TccContext, TxParam } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

interface Freeze {
  order: string;
  customer: string;
  amountCents: number;
}

/** Money is frozen first, and taken or freed when the order is decided. */
@Injectable()
export class AccountService {
  constructor(private readonly dataSource: DataSource) {}

  @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
  async freeze(
    @TxParam<Freeze>('order') order: string,
    @TxParam<Freeze>('customer') customer: string,
    @TxParam<Freeze>('amountCents') amountCents: number,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const [, changed] = await manager.query<[unknown, number]>(
        `UPDATE accounts SET frozen_cents = frozen_cents + $2
          WHERE customer = $1 AND balance_cents - frozen_cents >= $2`,
        [customer, amountCents],
      );
      if (changed !== 1) {
        throw new HttpException({ code: 'NOT_ENOUGH_MONEY' }, HttpStatus.PAYMENT_REQUIRED);
      }
      await manager.query('INSERT INTO holds VALUES ($1, $2, $3)', [order, customer, amountCents]);
    });
  }

  async take({ params }: TccContext<Freeze>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('DELETE FROM holds WHERE order_id = $1', [params.order]);
      await manager.query(
        `UPDATE accounts SET frozen_cents = frozen_cents - $2, balance_cents = balance_cents - $2
          WHERE customer = $1`,
        [params.customer, params.amountCents],
      );
      await manager.query('INSERT INTO charges VALUES ($1, $2, $3)', [
        ...[params.order, params.customer, params.amountCents],
      ]);
    });
  }

  async free({ params }: TccContext<Freeze>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('DELETE FROM holds WHERE order_id = $1', [params.order]);
      await manager.query(
        'UPDATE accounts SET frozen_cents = frozen_cents - $2 WHERE customer = $1',
        [params.customer, params.amountCents],
      );
    });
  }
}
