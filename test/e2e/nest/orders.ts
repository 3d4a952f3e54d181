import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { GlobalTransactional, currentXid } from 'nestjs-dtx';
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';

@Entity()
export class Order {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  sku!: string;
}

/** Places an order in a global transaction, and fails behind it when the product is bad. */
@Injectable()
export class OrderService {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @GlobalTransactional()
  async place(sku: string): Promise<string> {
    await this.orders.insert({ sku });
    if (sku === 'bad') throw new Error('no such product');
    return currentXid()!;
  }

  count(): Promise<number> {
    return this.orders.count();
  }
}
