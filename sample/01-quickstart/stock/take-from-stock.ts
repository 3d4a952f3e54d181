/** The body of `POST /stock/take`. */
export interface TakeFromStock {
  readonly order: string;
  readonly product: string;
  readonly quantity: number;
}
