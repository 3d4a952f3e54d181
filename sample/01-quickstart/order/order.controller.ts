import { Body, Controller, Post } from '@nestjs/common';

import { OrderService } from './order.service.js';
import type { PlaceOrder } from './place-order.js';

@Controller('orders')
export class OrderController {
  constructor(private readonly orders: OrderService) {}

  @Post()
  async place(@Body() order: PlaceOrder): Promise<void> {
    await this.orders.place(order);
  }
}
