import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { currentXid, GlobalTransactional } from 'nestjs-dtx';
import { Repository } from 'typeorm';

import { InventoryClient } from './inventory.client.js';
import { Order } from './order.entity.js';
import { PaymentClient } from './payment.client.js';
import type { Placed, PlaceOrder } from './place-order.js';

@Injectable()
export class OrderService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly inventory: InventoryClient,
    private readonly payment: PaymentClient,
  ) {}

  /** Three services, three databases, two transports: all of it happens, or nothing does. */
  @GlobalTransactional({ name: 'place-order', timeoutMs: 20_000 })
  async place(request: PlaceOrder): Promise<Placed> {
    const { order, customer, product, quantity, amountCents, card } = request;
    this.payment.tellAttempt({ order });
    await this.orders.insert({ id: order, customer, product, quantity, amountCents });
    await this.inventory.take({ order, product, quantity });
    await this.payment.charge({ order, customer, amountCents, card });
    return { xid: currentXid() ?? '' };
  }
}
