import { type DynamicModule, Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import { inventoryGrpc } from '../inventory/inventory.grpc.js';
import { nestTransport } from '../message-transport.js';
import type { ServiceSettings } from '../service-settings.js';
import { INVENTORY, InventoryClient } from './inventory.client.js';
import { OrderController } from './order.controller.js';
import { Order } from './order.entity.js';
import { OrderService } from './order.service.js';
import { PAYMENT, PaymentClient } from './payment.client.js';

@Module({})
export class OrderModule {
  static forRoot(settings: ServiceSettings): DynamicModule {
    return {
      module: OrderModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            {
              type: 'postgres',
              url: settings.databaseUrl,
              entities: [Order],
              synchronize: true,
            },
            { resourceId: 'orders' },
          ),
        ),
        TypeOrmModule.forFeature([Order]),
        ClientsModule.register([
          { name: INVENTORY, ...inventoryGrpc(settings.inventoryAddress) },
          { name: PAYMENT, ...nestTransport(settings.messages) },
        ]),
        DtxModule.forRoot({
          applicationId: 'order-service',
          coordinator: { url: settings.coordinatorUrl },
        }),
      ],
      controllers: [OrderController],
      providers: [OrderService, InventoryClient, PaymentClient],
    };
  }
}
