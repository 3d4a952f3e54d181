import { Injectable } from '@nestjs/common';
import { DataSource, MoreThanOrEqual } from 'typeorm';

import { refuse } from '../refusal.js';
import { Account } from './account.entity.js';
import { CardNetwork } from './card-network.service.js';
import { Charge } from './charge.entity.js';
import type { ChargeRequest } from './payment.messages.js';

/** Plain TypeORM code: nothing here knows of global transactions. */
@Injectable()
export class PaymentService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly cards: CardNetwork,
  ) {}

  async charge({ order, customer, amountCents, card }: ChargeRequest): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const enough = { customer, balanceCents: MoreThanOrEqual(amountCents) };
      const { affected } = await manager.decrement(Account, enough, 'balanceCents', amountCents);
      if (affected !== 1) throw refuse('NOT_ENOUGH_MONEY');
      await manager.insert(Charge, { order, customer, amountCents });
    });
    // The money is gone and committed here. When the card is refused it comes back all the same,
    // and so do the goods and the order in the other two databases.
    this.cards.settle(card);
  }
}
