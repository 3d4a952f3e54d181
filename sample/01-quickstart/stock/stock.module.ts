import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { ServiceOptions } from '../service-options.js';
import { Movement } from './movement.entity.js';
import { Product } from './product.entity.js';
import { StockController } from './stock.controller.js';
import { StockService } from './stock.service.js';

@Module({})
export class StockModule {
  static forRoot({ databaseUrl, coordinator }: ServiceOptions): DynamicModule {
    return {
      module: StockModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            {
              type: 'postgres',
              url: databaseUrl,
              entities: [Product, Movement],
              synchronize: true,
            },
            { resourceId: 'stock' },
          ),
        ),
        DtxModule.forRoot({
          applicationId: 'stock-service',
          coordinator,
        }),
      ],
      controllers: [StockController],
      providers: [StockService],
    };
  }
}
