import { InvalidOptionError } from '../../protocol/index.js';
import type { XidMode, XidModes } from '../messaging-options.js';
import { toModes, validateMode, validateModes } from '../messaging-options.js';
import { setClientModes } from './message-policies.js';

/**
 * Says what the messages of one client tell their receivers of the transaction they are sent in,
 * whatever the options of DtxModule say.
 *
 * @param client a client of `@nestjs/microservices`: of ClientsModule, `@Client()` or
 *   ClientProxyFactory; also a ClientGrpc
 * @returns the client
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { Inject, Injectable } from '@nestjs/common';
 * import type { ClientProxy } from '@nestjs/microservices';
 * import { propagateXid } from 'nestjs-dtx';
 *
 * @Injectable()
 * export class Audit {
 *   constructor(@Inject('AUDIT') audit: ClientProxy) {
 *     propagateXid(audit, { send: 'link', emit: 'none' });
 *   }
 * }
 * ```
 *
 * @publicApi
 */
export function propagateXid<Client extends object>(
  client: Client,
  modes: XidMode | XidModes,
): Client {
  if (typeof client !== 'object' || (client as object | null) === null) {
    const fix = 'Use a client of @nestjs/microservices.';
    throw new InvalidOptionError({ option: 'The client of propagateXid()', value: client, fix });
  }
  if (typeof modes === 'string') validateMode(modes, 'The mode of propagateXid()');
  else validateModes(modes, 'propagateXid()');
  setClientModes(client, toModes(modes));
  return client;
}
