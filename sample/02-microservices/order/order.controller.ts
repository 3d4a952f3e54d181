import { Body, Controller, Post, UseFilters } from '@nestjs/common';

import { DtxErrorFilter } from './dtx-error.filter.js';
import { OrderService } from './order.service.js';
import type { Placed, PlaceOrder } from './place-order.js';

@Controller('orders')
@UseFilters(DtxErrorFilter)
export class OrderController {
  constructor(private readonly orders: OrderService) {}

  @Post()
  async place(@Body() order: PlaceOrder): Promise<Placed> {
    return this.orders.place(order);
  }
}
