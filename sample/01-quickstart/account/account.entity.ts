import { Column, Entity, PrimaryColumn } from 'typeorm';

import { cents } from '../money.js';

/** A customer's purse. */
@Entity('accounts')
export class Account {
  @PrimaryColumn('text')
  customer!: string;

  @Column('bigint', { name: 'balance_cents', transformer: cents })
  balanceCents!: number;
}
