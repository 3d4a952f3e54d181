import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { DataSource, MoreThanOrEqual } from 'typeorm';

import { Account } from './account.entity.js';
import { AuditService } from './audit.service.js';
import type { ChargeAccount } from './charge-account.js';
import { Charge } from './charge.entity.js';

@Injectable()
export class AccountService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
  ) {}

  async charge({ order, customer, amountCents, note }: ChargeAccount): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const enough = { customer, balanceCents: MoreThanOrEqual(amountCents) };
      const { affected } = await manager.decrement(Account, enough, 'balanceCents', amountCents);
      if (affected !== 1) {
        throw new HttpException({ code: 'NOT_ENOUGH_MONEY' }, HttpStatus.PAYMENT_REQUIRED);
      }
      await manager.insert(Charge, { order, customer, amountCents });
    });
    // The money is gone and committed when the audit looks. What it does not like, or takes too
    // long over, comes back all the same.
    await this.audit.check(note);
  }
}
