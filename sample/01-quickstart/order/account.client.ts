import { GatewayTimeoutException, Inject, Injectable } from '@nestjs/common';

import type { ChargeAccount } from '../account/charge-account.js';
import { ServiceRefusal, ServiceUnavailable } from '../service-refusal.js';
import { SERVICE_URLS, type ServiceUrls } from './service-urls.js';

const ANSWER_MS_MAX = 1_000;

/** Calls the account service with plain `fetch`, and does not wait for ever. */
@Injectable()
export class AccountClient {
  constructor(@Inject(SERVICE_URLS) private readonly urls: ServiceUrls) {}

  async charge(request: ChargeAccount): Promise<void> {
    const { ok, status, body } = await this.#post(request);
    if (!ok) throw new ServiceRefusal(status, JSON.parse(body));
  }

  async #post(request: ChargeAccount) {
    try {
      const response = await fetch(`${this.urls.account}/account/charge`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const { ok, status } = response;
      return { ok, status, body: await response.text() };
    } catch (error) {
      // Whether the money has been taken by now, nobody here knows. Rolled back it is either way.
      if ((error as Error).name !== 'TimeoutError') {
        throw new ServiceUnavailable('ACCOUNT_UNAVAILABLE', error);
      }
      throw new GatewayTimeoutException({ code: 'ACCOUNT_TIMED_OUT' });
    }
  }
}
