import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What is on the shelf. */
@Entity('products')
export class Product {
  @PrimaryColumn('text')
  id!: string;

  @Column('int')
  units!: number;
}
