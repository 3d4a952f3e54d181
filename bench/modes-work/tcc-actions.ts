import { Inject, Injectable } from '@nestjs/common';
import { TccAction, TxParam } from 'nestjs-dtx';
import type { TccContext } from 'nestjs-dtx';
import type pg from 'pg';

import type { Pools, Side } from './databases.js';
import { localTransaction } from './local-transaction.js';

/** Injection tokens of the pools. */
export const FENCED = 'FENCED';
export const BARE = 'BARE';

interface Freeze {
  id: number;
}

const TRY = 'UPDATE apart.account SET frozen = frozen + 1 WHERE id = $1';
const CONFIRM = 'UPDATE apart.account SET frozen = frozen - 1, balance = balance + 1 WHERE id = $1';
const CANCEL = 'UPDATE apart.account SET frozen = frozen - 1 WHERE id = $1';

/** One action for each database, and one without a fence over the driver as it is. */
@Injectable()
export class TccActions {
  constructor(
    @Inject(FENCED) private readonly fenced: Pools,
    @Inject(BARE) private readonly bare: Pools,
  ) {}

  @TccAction({
    name: 'bench.orders',
    confirm: 'confirmOrders',
    cancel: 'cancelOrders',
    dataSource: 'orders-TCC',
  })
  async freezeOrders(@TxParam<Freeze>('id') id: number): Promise<void> {
    await localTransaction(this.fenced.orders, TRY, id);
  }

  async confirmOrders({ params }: TccContext<Freeze>): Promise<void> {
    await this.end('orders', CONFIRM, params.id);
  }

  async cancelOrders({ params }: TccContext<Freeze>): Promise<void> {
    await this.end('orders', CANCEL, params.id);
  }

  @TccAction({
    name: 'bench.wallet',
    confirm: 'confirmWallet',
    cancel: 'cancelWallet',
    dataSource: 'wallet-TCC',
  })
  async freezeWallet(@TxParam<Freeze>('id') id: number): Promise<void> {
    await localTransaction(this.fenced.wallet, TRY, id);
  }

  async confirmWallet({ params }: TccContext<Freeze>): Promise<void> {
    await this.end('wallet', CONFIRM, params.id);
  }

  async cancelWallet({ params }: TccContext<Freeze>): Promise<void> {
    await this.end('wallet', CANCEL, params.id);
  }

  @TccAction({ name: 'bench.bare', confirm: 'confirmBare', cancel: 'cancelBare', fence: false })
  async freezeBare(@TxParam<Freeze>('id') id: number): Promise<void> {
    await localTransaction(this.bare.orders, TRY, id);
  }

  async confirmBare({ params }: TccContext<Freeze>): Promise<void> {
    await localTransaction(this.bare.orders, CONFIRM, params.id);
  }

  async cancelBare({ params }: TccContext<Freeze>): Promise<void> {
    await localTransaction(this.bare.orders, CANCEL, params.id);
  }

  private async end(side: Side, text: string, id: number): Promise<void> {
    const pool: pg.Pool = this.fenced[side];
    await localTransaction(pool, text, id);
  }
}
