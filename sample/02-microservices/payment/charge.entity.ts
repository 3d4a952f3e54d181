import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Money that was taken for an order. */
@Entity('charges')
export class Charge {
  @PrimaryColumn('text', { name: 'order_id' })
  order!: string;

  @Column('text')
  customer!: string;

  @Column('int', { name: 'amount_cents' })
  amountCents!: number;
}
