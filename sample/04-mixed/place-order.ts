/** The body of `POST /orders`; the other services get the same. */
export interface PlaceOrder {
  readonly order: string;
  readonly customer: string;
  readonly product: string;
  readonly quantity: number;
  readonly amountCents: number;
  readonly card: string;
}
