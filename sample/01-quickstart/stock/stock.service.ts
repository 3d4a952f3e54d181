import { ConflictException, Injectable } from '@nestjs/common';
import { DataSource, MoreThanOrEqual } from 'typeorm';

import { Movement } from './movement.entity.js';
import { Product } from './product.entity.js';
import type { TakeFromStock } from './take-from-stock.js';

/** Plain TypeORM code: nothing here knows of global transactions. */
@Injectable()
export class StockService {
  constructor(private readonly dataSource: DataSource) {}

  async take({ order, product, quantity }: TakeFromStock): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const enough = { id: product, units: MoreThanOrEqual(quantity) };
      const { affected } = await manager.decrement(Product, enough, 'units', quantity);
      if (affected !== 1) throw new ConflictException({ code: 'OUT_OF_STOCK' });
      await manager.insert(Movement, { order, product, quantity });
    });
  }
}
