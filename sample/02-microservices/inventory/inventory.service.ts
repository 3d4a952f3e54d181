import { Injectable } from '@nestjs/common';
import { DataSource, MoreThanOrEqual } from 'typeorm';

import { refuse } from '../refusal.js';
import type { TakeRequest } from './inventory.grpc.js';
import { Movement } from './movement.entity.js';
import { Product } from './product.entity.js';

/** Plain TypeORM code: nothing here knows of global transactions. */
@Injectable()
export class InventoryService {
  constructor(private readonly dataSource: DataSource) {}

  async take({ order, product, quantity }: TakeRequest): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const enough = { id: product, units: MoreThanOrEqual(quantity) };
      const { affected } = await manager.decrement(Product, enough, 'units', quantity);
      if (affected !== 1) throw refuse('OUT_OF_STOCK');
      await manager.insert(Movement, { order, product, quantity });
    });
  }
}
