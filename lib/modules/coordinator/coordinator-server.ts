import type { CustomTransportStrategy } from '@nestjs/microservices';
import { Server } from '@nestjs/microservices';

import { nestLog } from '../nest-log.js';
import { CoordinatorHost } from './coordinator-host.js';
import type { CoordinatorModuleOptions } from './host-options.js';
import { validateCoordinatorOptions } from './host-options.js';

/**
 * A coordinator as the transport of a Nest microservice: `app.listen()` lets clients in, and
 * closing the application drains it, with open streams too.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { NestFactory } from '@nestjs/core';
 * import { CoordinatorServer } from 'nestjs-dtx/coordinator';
 *
 * @Module({})
 * class AppModule {}
 *
 * export async function start() {
 *   const strategy = new CoordinatorServer({ listen: '127.0.0.1:7091' });
 *   const app = await NestFactory.createMicroservice(AppModule, { strategy });
 *   app.enableShutdownHooks();
 *   await app.listen();
 * }
 * ```
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 * @publicApi
 */
export class CoordinatorServer extends Server implements CustomTransportStrategy {
  readonly #host: CoordinatorHost;

  constructor(options: CoordinatorModuleOptions | CoordinatorHost = {}) {
    super();
    this.#host =
      options instanceof CoordinatorHost
        ? options
        : new CoordinatorHost(validateCoordinatorOptions(options), nestLog('DtxCoordinator'));
  }

  /** Calls back when clients are let in, or with what has kept it from that. */
  listen(callback: (error?: unknown) => void): void {
    this.#host.listen().then(() => {
      callback();
    }, callback);
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  /** It has no events of its own. */
  on(): void {
    throw new Error('A CoordinatorServer has no events; subscribe to diagnostics_channel "dtx:*".');
  }

  /** Where it listens; resolves when it does. */
  // The type is the caller's word, as in every strategy of Nest.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  unwrap<T = Promise<string>>(): T {
    return this.#host.listen() as T;
  }
}
