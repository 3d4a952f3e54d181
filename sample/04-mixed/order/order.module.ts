import { Body, Controller, type DynamicModule, Module, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { LoadServiceSettings } from '../../support/load/run-load.js';
import { ServiceClient } from '../../support/load/service-client.js';
import type { PlaceOrder } from '../place-order.js';
import { OrderService } from './order.service.js';

@Controller('orders')
class OrderController {
  constructor(private readonly orders: OrderService) {}

  @Post()
  async place(@Body() order: PlaceOrder): Promise<void> {
    await this.orders.place(order);
  }
}

@Module({})
export class OrderModule {
  static forRoot({ databaseUrl, coordinatorUrl, urls }: LoadServiceSettings): DynamicModule {
    return {
      module: OrderModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx({ type: 'postgres', url: databaseUrl }, { resourceId: 'orders' }),
        ),
        DtxModule.forRoot({
          applicationId: 'order-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [OrderController],
      providers: [OrderService, { provide: ServiceClient, useValue: new ServiceClient(urls) }],
    };
  }
}
