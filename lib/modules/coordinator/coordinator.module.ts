import { Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';

import { nestLog } from '../nest-log.js';
import { CoordinatorHost } from './coordinator-host.js';
import { validateCoordinatorOptions } from './host-options.js';
import { CoordinatorServer } from './coordinator-server.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './coordinator.module-definition.js';

/**
 * Hosts a coordinator in a Nest application, for the applications of other processes. Import it in
 * any application, or in one of its own that runs as a microservice with the CoordinatorServer that
 * it provides; `npx nestjs-dtx coordinator` is such a one.
 *
 * It opens its store while the container is built, and lets clients in when the application has
 * started. A DtxModule of the same application that names the same store uses this coordinator.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION), InsecureListenError
 *   (DTX_ERR_CONFIG_INSECURE_LISTEN), StoreInUseError (DTX_ERR_TC_STORE_IN_USE) at start
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { CoordinatorModule } from 'nestjs-dtx/coordinator';
 *
 * @Module({
 *   imports: [
 *     CoordinatorModule.forRoot({ listen: '127.0.0.1:7091', store: '.dtx/coordinator.db' }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 *
 * @publicApi
 */
@Module({
  providers: [
    {
      provide: CoordinatorHost,
      inject: [MODULE_OPTIONS_TOKEN],
      // Opened here: whoever else has this store in the process comes later, and finds it open.
      useFactory: async (options: unknown): Promise<CoordinatorHost> => {
        const log = nestLog('DtxCoordinator');
        const host = new CoordinatorHost(validateCoordinatorOptions(options), log);
        await host.open();
        return host;
      },
    },
    {
      provide: CoordinatorServer,
      inject: [CoordinatorHost],
      useFactory: (host: CoordinatorHost) => new CoordinatorServer(host),
    },
  ],
  exports: [CoordinatorServer],
})
export class CoordinatorModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  constructor(private readonly host: CoordinatorHost) {
    super();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.host.listen();
  }

  /** Before TypeORM destroys the data source that its store may be in. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.host.close();
  }
}
