/** The body of `POST /account/charge`. */
export interface ChargeAccount {
  readonly order: string;
  readonly customer: string;
  readonly amountCents: number;
  readonly note: string;
}
