import { Global, HttpException, Inject, Module } from '@nestjs/common';
import type { MiddlewareConsumer, NestModule, Provider } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule, ModuleRef, ModulesContainer } from '@nestjs/core';

import { DtxRuntime } from '../interceptors/index.js';
import { inboundHttp } from '../propagation/index.js';
import { DTX_RUNTIME } from '../protocol/index.js';
import { systemClock, systemIds } from '../system/index.js';
import { TransactionManager } from '../transaction/index.js';
import { ApplicationClient } from './application-client.js';
import { connectCoordinator } from './connect-coordinator.js';
import { DtxMessaging } from './dtx-messaging.js';
import type { DtxSettings } from './dtx-options.js';
import { validateDtxOptions } from './dtx-options.js';
import { DTX_SETTINGS } from './dtx-settings.js';
import { DtxExplorer } from './dtx.explorer.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './dtx.module-definition.js';
import { DtxOrchestrator } from './dtx.orchestrator.js';
import { FailedPartInterceptor } from './failed-part.interceptor.js';
import { InFlight } from './in-flight.js';
import { nestLog } from './nest-log.js';
import { assertSingleModule } from './single-module.js';
import { trackParticipants } from './track-participants.js';

const providers: Provider[] = [
  {
    provide: DTX_SETTINGS,
    inject: [MODULE_OPTIONS_TOKEN, ModulesContainer],
    useFactory: (options: unknown, modules: ModulesContainer): DtxSettings => {
      assertSingleModule(modules);
      return validateDtxOptions(options);
    },
  },
  { provide: InFlight, useFactory: () => new InFlight(systemClock) },
  {
    provide: ApplicationClient,
    inject: [DTX_SETTINGS, InFlight],
    useFactory: (settings: DtxSettings, inFlight: InFlight) =>
      new ApplicationClient({
        clock: systemClock,
        enter: () => inFlight.enter(),
        connect: (signal) => connectCoordinator(settings, signal),
      }),
  },
  {
    provide: TransactionManager,
    inject: [DTX_SETTINGS, ApplicationClient],
    useFactory: ({ timeoutMs, ...settings }: DtxSettings, client: ApplicationClient) =>
      new TransactionManager({
        ...settings,
        timeoutMsDefault: timeoutMs,
        client,
        clock: systemClock,
        ids: systemIds,
        log: nestLog('TransactionManager'),
      }),
  },
  {
    provide: DTX_RUNTIME,
    inject: [TransactionManager],
    useFactory: (manager: TransactionManager) => new DtxRuntime(manager),
  },
  {
    provide: DtxMessaging,
    inject: [DTX_SETTINGS, TransactionManager, ModulesContainer, ModuleRef, InFlight],
    useFactory: (
      { messaging: options }: DtxSettings,
      manager: TransactionManager,
      modules: ModulesContainer,
      moduleRef: ModuleRef,
      inFlight: InFlight,
    ) => DtxMessaging.install({ options, manager, modules, moduleRef, inFlight }),
  },
  { provide: APP_INTERCEPTOR, useClass: FailedPartInterceptor },
  DtxExplorer,
  DtxOrchestrator,
];

/**
 * Gives an application its part in global transactions: `@GlobalTransactional`, an injectable
 * TransactionManager, the xid in HTTP calls and messages, and every data source that was made with
 * `withDtx` or `dtxPool`.
 *
 * Import it once, in the root module; it is global. `forRootAsync` takes the same options from
 * `useFactory`, `useClass` (with a method `createDtxOptions`) or `useExisting`. Call
 * `app.enableShutdownHooks()`, so that a signal ends transactions that are under way first.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) at start
 * @throws StoreInUseError (DTX_ERR_TC_STORE_IN_USE) at start: another process has the store
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { DtxModule } from 'nestjs-dtx';
 *
 * @Module({
 *   imports: [
 *     DtxModule.forRoot({
 *       applicationId: 'order-service',
 *       coordinator: { store: '.dtx/coordinator.db' },
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 *
 * @publicApi
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers,
  exports: [TransactionManager, DTX_RUNTIME],
})
export class DtxModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    @Inject(DTX_SETTINGS) private readonly settings: DtxSettings,
    private readonly manager: TransactionManager,
    private readonly inFlight: InFlight,
  ) {
    super();
  }

  /** A middleware, because guards come before interceptors and must see the transaction too. */
  configure(consumer: MiddlewareConsumer): void {
    const inbound = inboundHttp(
      this.manager,
      this.settings.http,
      (refusal) => new HttpException(refusal, refusal.statusCode),
    );
    consumer.apply(trackParticipants(inbound, this.inFlight)).forRoutes('{*splat}');
  }
}
