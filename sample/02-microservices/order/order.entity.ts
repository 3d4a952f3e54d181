import { Column, Entity, PrimaryColumn } from 'typeorm';

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

  @Column('int', { name: 'amount_cents' })
  amountCents!: number;
}
