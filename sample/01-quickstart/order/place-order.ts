/** The body of `POST /orders`. */
export interface PlaceOrder {
  readonly order: string;
  readonly customer: string;
  readonly product: string;
  readonly quantity: number;
  readonly amountCents: number;
  readonly note: string;
}
