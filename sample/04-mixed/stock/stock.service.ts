import { ConflictException, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

import type { PlaceOrder } from '../place-order.js';

/** Plain TypeORM code: MariaDB keeps its local transaction prepared until the order is decided. */
@Injectable()
export class StockService {
  constructor(private readonly dataSource: DataSource) {}

  async take({ order, product, quantity }: PlaceOrder): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const { affectedRows } = await manager.query<{ affectedRows: number }>(
        'UPDATE products SET units = units - ? WHERE id = ? AND units >= ?',
        [quantity, product, quantity],
      );
      if (affectedRows !== 1) throw new ConflictException({ code: 'OUT_OF_STOCK' });
      await manager.query('INSERT INTO movements VALUES (?, ?, ?)', [order, product, quantity]);
    });
  }
}
