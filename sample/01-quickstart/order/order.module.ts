import { HttpModule } from '@nestjs/axios';
import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { ServiceOptions } from '../service-options.js';
import { AccountClient } from './account.client.js';
import { OrderController } from './order.controller.js';
import { Order } from './order.entity.js';
import { OrderService } from './order.service.js';
import { SERVICE_URLS, type ServiceUrls } from './service-urls.js';
import { StockClient } from './stock.client.js';

@Module({})
export class OrderModule {
  static forRoot(options: ServiceOptions & { readonly urls: ServiceUrls }): DynamicModule {
    return {
      module: OrderModule,
      imports: [
        HttpModule,
        TypeOrmModule.forRoot(
          withDtx(
            {
              type: 'postgres',
              url: options.databaseUrl,
              entities: [Order],
              synchronize: true,
            },
            { resourceId: 'orders' },
          ),
        ),
        TypeOrmModule.forFeature([Order]),
        DtxModule.forRoot({
          applicationId: 'order-service',
          coordinator: options.coordinator,
        }),
      ],
      controllers: [OrderController],
      providers: [
        OrderService,
        StockClient,
        AccountClient,
        { provide: SERVICE_URLS, useValue: options.urls },
      ],
    };
  }
}
