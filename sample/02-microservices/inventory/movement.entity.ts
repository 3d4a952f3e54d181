import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Units that left the shelf for an order. */
@Entity('movements')
export class Movement {
  @PrimaryColumn('text', { name: 'order_id' })
  order!: string;

  @Column('text')
  product!: string;

  @Column('int')
  quantity!: number;
}
