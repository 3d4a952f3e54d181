import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { GlobalTransactional } from 'nestjs-dtx';
import { Repository } from 'typeorm';

import { AccountClient } from './account.client.js';
import { Order } from './order.entity.js';
import type { PlaceOrder } from './place-order.js';
import { StockClient } from './stock.client.js';

@Injectable()
export class OrderService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly stock: StockClient,
    private readonly account: AccountClient,
  ) {}

  /** Three services, three databases: all of it happens, or nothing does. */
  @GlobalTransactional({ name: 'place-order', timeoutMs: 6_000 })
  async place({
    order,
    customer,
    product,
    quantity,
    amountCents,
    note,
  }: PlaceOrder): Promise<void> {
    await this.orders.insert({ id: order, customer, product, quantity, amountCents });
    await this.stock.take({ order, product, quantity });
    await this.account.charge({ order, customer, amountCents, note });
  }
}
