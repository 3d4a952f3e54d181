import { GatewayTimeoutException, Inject, Injectable } from '@nestjs/common';

import type { ChargeAccount } from '../account/charge-account.js';
import { ServiceRefusal } from '../service-refusal.js';
import { SERVICE_URLS, type ServiceUrls } from './service-urls.js';

const ANSWER_MS_MAX = 1_000;

/** Calls the account service with plain `fetch`, and does not wait for ever. */
@Injectable()
export class AccountClient {
  constructor(@Inject(SERVICE_URLS) private readonly urls: ServiceUrls) {}

  async charge(request: ChargeAccount): Promise<void> {
    const response = await this.#post(request);
    if (!response.ok) throw new ServiceRefusal(response.status, await response.json());
    await response.body?.cancel();
  }

  async #post(request: ChargeAccount): Promise<Response> {
    try {
      return await fetch(`${this.urls.account}/account/charge`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error;
      // Whether the money has been taken by now, nobody here knows. Rolled back it is either way.
      throw new GatewayTimeoutException({ code: 'ACCOUNT_TIMED_OUT' });
    }
  }
}
