import { Injectable } from '@nestjs/common';
import { linkedXid } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

import { Attempt } from './attempt.entity.js';

/**
 * Counts attempts, above all those that fail. What it writes must not be undone with the order, so
 * it does not join the order's transaction, and notes which one it was.
 */
@Injectable()
export class FraudWatch {
  constructor(private readonly dataSource: DataSource) {}

  async note(order: string): Promise<void> {
    const xid = linkedXid();
    if (xid === undefined) throw new Error(`Order ${order} was attempted outside a transaction.`);
    await this.dataSource.manager.insert(Attempt, { xid, order });
  }
}
