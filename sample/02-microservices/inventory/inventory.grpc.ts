import { type GrpcOptions, Transport } from '@nestjs/microservices';

/** `Inventory` of inventory.proto, as its server and its clients see it. */
export interface TakeRequest {
  readonly order: string;
  readonly product: string;
  readonly quantity: number;
}

/** npm runs us in the root of the checkout. */
const PROTO = 'sample/02-microservices/inventory.proto';

/** @param url host and port */
export const inventoryGrpc = (url: string): GrpcOptions => ({
  transport: Transport.GRPC,
  options: { package: 'shop', protoPath: PROTO, url },
});
