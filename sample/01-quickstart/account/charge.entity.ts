import { Column, Entity, PrimaryColumn } from 'typeorm';

import { cents } from '../money.js';

/** Money that was taken for an order. */
@Entity('charges')
export class Charge {
  @PrimaryColumn('text', { name: 'order_id' })
  order!: string;

  @Column('text')
  customer!: string;

  @Column('bigint', { name: 'amount_cents', transformer: cents })
  amountCents!: number;
}
