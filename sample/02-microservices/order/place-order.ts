/** The body of `POST /orders`. */
export interface PlaceOrder {
  readonly order: string;
  readonly customer: string;
  readonly product: string;
  readonly quantity: number;
  readonly amountCents: number;
  readonly card: string;
}

/** What is answered when the order is placed. */
export interface Placed {
  /** The global transaction that has placed it. */
  readonly xid: string;
}
