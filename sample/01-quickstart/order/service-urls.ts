/** Injection token of ServiceUrls. */
export const SERVICE_URLS = Symbol('SERVICE_URLS');

/** Where the services are that an order needs. */
export interface ServiceUrls {
  readonly stock: string;
  readonly account: string;
}
