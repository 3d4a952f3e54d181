import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { ServiceSettings } from '../service-settings.js';
import { InventoryController } from './inventory.controller.js';
import { InventoryService } from './inventory.service.js';
import { Movement } from './movement.entity.js';
import { Product } from './product.entity.js';

@Module({})
export class InventoryModule {
  static forRoot({ databaseUrl, coordinatorUrl }: ServiceSettings): DynamicModule {
    return {
      module: InventoryModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            {
              type: 'postgres',
              url: databaseUrl,
              entities: [Product, Movement],
              synchronize: true,
            },
            { resourceId: 'inventory' },
          ),
        ),
        DtxModule.forRoot({
          applicationId: 'inventory-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [InventoryController],
      providers: [InventoryService],
    };
  }
}
