import { Column, Entity, PrimaryColumn } from 'typeorm';

import { cents } from '../money.js';

/** A row stands for an order that was placed, paid and taken from stock. */
@Entity('orders')
export class Order {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  customer!: string;

  @Column('text')
  product!: string;

  @Column('int')
  quantity!: number;

  @Column('bigint', { name: 'amount_cents', transformer: cents })
  amountCents!: number;
}
