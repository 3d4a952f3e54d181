import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A customer's purse. */
@Entity('accounts')
export class Account {
  @PrimaryColumn('text')
  customer!: string;

  @Column('int', { name: 'balance_cents' })
  balanceCents!: number;
}
