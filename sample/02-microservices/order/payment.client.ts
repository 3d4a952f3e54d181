import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, retry, timeout } from 'rxjs';

import {
  CHARGE,
  type ChargeRequest,
  ORDER_ATTEMPTED,
  type OrderAttempted,
  PING,
} from '../payment/payment.messages.js';
import { toHttpError } from '../refusal.js';

/** Injection token of Nest's client for messages. */
export const PAYMENT = 'PAYMENT';

const ANSWER_MS_MAX = 10_000;
const PING_MS_MAX = 200;
const PINGS_MAX = 100;

/** Sends messages to the payment service; the transaction travels along by itself. */
@Injectable()
export class PaymentClient implements OnApplicationBootstrap {
  constructor(@Inject(PAYMENT) private readonly messages: ClientProxy) {}

  /** Redis keeps no message for somebody who is not there yet, so nothing is sent before that. */
  async onApplicationBootstrap(): Promise<void> {
    const ping = this.messages.send<object>(PING, {});
    await firstValueFrom(ping.pipe(timeout(PING_MS_MAX), retry({ count: PINGS_MAX, delay: 50 })));
  }

  /** Asks and waits: the payment service joins the transaction. */
  async charge(request: ChargeRequest): Promise<void> {
    try {
      const answer = this.messages.send<object>(CHARGE, request);
      await firstValueFrom(answer.pipe(timeout(ANSWER_MS_MAX)));
    } catch (error) {
      throw toHttpError('PAYMENT', error);
    }
  }

  /** Tells and goes on: the event names the transaction, and does not belong to it. */
  tellAttempt(attempt: OrderAttempted): void {
    this.messages.emit(ORDER_ATTEMPTED, attempt);
  }
}
