import { Controller, UseFilters } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';

import { LockConflictFilter } from '../lock-conflict.filter.js';
import { FraudWatch } from './fraud-watch.service.js';
import {
  CHARGE,
  type ChargeRequest,
  ORDER_ATTEMPTED,
  type OrderAttempted,
  PING,
} from './payment.messages.js';
import { PaymentService } from './payment.service.js';

@Controller()
@UseFilters(LockConflictFilter)
export class PaymentController {
  constructor(
    private readonly payments: PaymentService,
    private readonly fraudWatch: FraudWatch,
  ) {}

  /** A request joins the transaction of its sender. */
  @MessagePattern(CHARGE)
  async charge(@Payload() request: ChargeRequest): Promise<object> {
    await this.payments.charge(request);
    return {};
  }

  /** An event does not: it only knows which transaction has sent it. */
  @EventPattern(ORDER_ATTEMPTED)
  async orderAttempted(@Payload() { order }: OrderAttempted): Promise<void> {
    await this.fraudWatch.note(order);
  }

  @MessagePattern(PING)
  ping(): object {
    return {};
  }
}
