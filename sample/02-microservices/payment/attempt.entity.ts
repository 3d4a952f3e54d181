import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Somebody has tried to place an order, whatever became of it. */
@Entity('attempts')
export class Attempt {
  /** The global transaction that the attempt was. */
  @PrimaryColumn('text')
  xid!: string;

  @Column('text', { name: 'order_id' })
  order!: string;
}
