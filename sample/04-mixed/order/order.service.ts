import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { GlobalTransactional } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

import { ServiceClient } from '../../support/load/service-client.js';
import type { PlaceOrder } from '../place-order.js';

@Injectable()
export class OrderService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly services: ServiceClient,
  ) {}

  /** AT here, TCC in the account service, XA in the stock service: all of it or nothing. */
  @GlobalTransactional({ name: 'place-order', timeoutMs: 15_000 })
  async place(request: PlaceOrder): Promise<void> {
    const { order, customer, product, quantity, amountCents, card } = request;
    await this.dataSource.query('INSERT INTO orders VALUES ($1, $2, $3, $4, $5)', [
      ...[order, customer, product, quantity, amountCents],
    ]);
    await this.services.post('account', '/account/freeze', request);
    await this.services.post('stock', '/stock/take', request);
    // By now the order is committed, the money frozen, and the goods prepared to leave.
    if (card === 'stolen') throw new UnprocessableEntityException({ code: 'CARD_REFUSED' });
  }
}
