/** Asks for money and waits for the answer. */
export const CHARGE = 'payment.charge';

export interface ChargeRequest {
  readonly order: string;
  readonly customer: string;
  readonly amountCents: number;
  readonly card: string;
}

/** Tells that an order is being placed; nobody waits for an answer. */
export const ORDER_ATTEMPTED = 'order.attempted';

export interface OrderAttempted {
  readonly order: string;
}

/** Asks whether anybody is there. */
export const PING = 'payment.ping';
