import { Inject, Injectable, UnprocessableEntityException } from '@nestjs/common';
import { GlobalTransactional } from 'nestjs-dtx';
import { DataSource } from 'typeorm';

import { callService } from '../../support/load/call-service.js';
import type { PlaceOrder } from '../place-order.js';

/** Injection token of the other services' addresses. */
export const SERVICE_URLS = 'SERVICE_URLS';

@Injectable()
export class OrderService {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(SERVICE_URLS) private readonly urls: Readonly<Record<string, string>>,
  ) {}

  /** AT here, TCC in the account service, XA in the stock service: all of it or nothing. */
  @GlobalTransactional({ name: 'place-order', timeoutMs: 15_000 })
  async place(request: PlaceOrder): Promise<void> {
    const { order, customer, product, quantity, amountCents, card } = request;
    await this.dataSource.query('INSERT INTO orders VALUES ($1, $2, $3, $4, $5)', [
      ...[order, customer, product, quantity, amountCents],
    ]);
    await callService(`${this.urls['account'] ?? ''}/account/freeze`, request);
    await callService(`${this.urls['stock'] ?? ''}/stock/take`, request);
    // By now the order is committed, the money frozen, and the goods prepared to leave.
    if (card === 'stolen') throw new UnprocessableEntityException({ code: 'CARD_REFUSED' });
  }
}
