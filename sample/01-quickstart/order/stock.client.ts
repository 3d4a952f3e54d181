import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';

import { ServiceRefusal, ServiceUnavailable } from '../service-refusal.js';
import type { TakeFromStock } from '../stock/take-from-stock.js';
import { SERVICE_URLS, type ServiceUrls } from './service-urls.js';

/** Calls the stock service with Nest's own HTTP client; the transaction travels along by itself. */
@Injectable()
export class StockClient {
  constructor(
    private readonly http: HttpService,
    @Inject(SERVICE_URLS) private readonly urls: ServiceUrls,
  ) {}

  async take(request: TakeFromStock): Promise<void> {
    const post = this.http.post<unknown>(`${this.urls.stock}/stock/take`, request, {
      // A refusal is an answer, and the body says which one.
      validateStatus: () => true,
    });
    const response = await firstValueFrom(post).catch((cause: unknown) => {
      throw new ServiceUnavailable('STOCK_UNAVAILABLE', cause);
    });
    if (response.status >= 400) throw new ServiceRefusal(response.status, response.data);
  }
}
