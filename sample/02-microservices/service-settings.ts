import type { MessageTransport } from './message-transport.js';

/** What each of the services is told at its start, in its environment. */
export interface ServiceSettings {
  /** Its own database. */
  readonly databaseUrl: string;
  /** Where the coordinator is, as in `dtx://127.0.0.1:8091`. */
  readonly coordinatorUrl: string;
  /** Where the order service takes HTTP. */
  readonly orderPort: number;
  /** Where the inventory service takes gRPC: host and port. */
  readonly inventoryAddress: string;
  /** How the payment service is reached. */
  readonly messages: MessageTransport;
}

export const SETTINGS_VARIABLE = 'SHOP_SETTINGS';

export const readSettings = (): ServiceSettings =>
  JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as ServiceSettings;
