import { Inject, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, OnModuleInit, Provider } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';

import { DtxRuntime } from '../../interceptors/index.js';
import type { CoordinatorClient } from '../../protocol/index.js';
import { DTX_RUNTIME, InvalidOptionError } from '../../protocol/index.js';
import { TccResource } from '../../resource/tcc/index.js';
import { systemClock, systemIds } from '../../system/index.js';
import { TransactionManager } from '../../transaction/index.js';
import { DtxExplorer } from '../dtx.explorer.js';
import { nestLog } from '../nest-log.js';
import { assertSingleModule } from '../single-module.js';
import { NoOpCoordinator } from './no-op-coordinator.js';
import { RecordingCoordinator } from './recording-coordinator.js';

/**
 * Options of DtxTestingModule.
 *
 * @publicApi
 */
export interface DtxTestingModuleOptions {
  /**
   * What stands in for the coordinator: `no-op` agrees to everything, `recording` also writes it
   * down (inject RecordingCoordinator). @default 'no-op'
   */
  readonly double?: 'no-op' | 'recording';
}

const COORDINATOR = Symbol.for('dtx:testing-coordinator');

const DOUBLES: Readonly<Record<'no-op' | 'recording', readonly Provider[]>> = {
  'no-op': [{ provide: COORDINATOR, useClass: NoOpCoordinator }],
  recording: [RecordingCoordinator, { provide: COORDINATOR, useExisting: RecordingCoordinator }],
};

const APPLICATION_ID = 'test';

const LOG = nestLog('DtxTestingModule');

/** Does what DtxModule does at start, without a coordinator and without resources. */
@Injectable()
class DtxTestingStarter implements OnModuleInit {
  constructor(
    private readonly explorer: DtxExplorer,
    @Inject(COORDINATOR) private readonly coordinator: CoordinatorClient,
    @Inject(DTX_RUNTIME) private readonly runtime: DtxRuntime,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.#startActions();
    for (const warning of this.explorer.explore().warnings) LOG.warn(warning);
    if (this.coordinator instanceof RecordingCoordinator) return;
    LOG.warn(
      'No coordinator: global transactions begin and end, and nothing is coordinated or rolled ' +
        'back. This is for tests; an application imports DtxModule.forRoot.',
    );
  }

  /** Their tries run and are registered; nobody calls confirm or cancel. */
  async #startActions(): Promise<void> {
    const host = {
      client: this.coordinator,
      applicationId: APPLICATION_ID,
      clock: systemClock,
      ids: systemIds,
      log: LOG,
    };
    for (const { definition, target } of this.explorer.tccMethods()) {
      const action = new TccResource({ definition, target, guard: undefined });
      this.runtime.tccActions.add(definition, action);
      await action.start(host);
    }
  }
}

/**
 * Takes the place of DtxModule in unit tests: `@GlobalTransactional`, TransactionManager,
 * propagation, rollback rules and hooks work as they do in production, with neither a coordinator
 * nor a database. Writes to a database are not rolled back.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { Test } from '@nestjs/testing';
 * import { DtxTestingModule } from 'nestjs-dtx/testing';
 *
 * export const moduleUnderTest = (service: new () => object) =>
 *   Test.createTestingModule({
 *     imports: [DtxTestingModule.forRoot()],
 *     providers: [service],
 *   }).compile();
 * ```
 *
 * @publicApi
 */
@Module({})
export class DtxTestingModule {
  static forRoot({ double = 'no-op' }: DtxTestingModuleOptions = {}): DynamicModule {
    const doubles = Object.hasOwn(DOUBLES, double) ? DOUBLES[double] : refuse(double);
    return {
      module: DtxTestingModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [...doubles, ...PROVIDERS],
      exports: [
        TransactionManager,
        DTX_RUNTIME,
        ...(double === 'recording' ? [RecordingCoordinator] : []),
      ],
    };
  }
}

const PROVIDERS: readonly Provider[] = [
  {
    provide: TransactionManager,
    inject: [COORDINATOR, ModulesContainer],
    useFactory: (client: CoordinatorClient, modules: ModulesContainer) => {
      assertSingleModule(modules);
      return new TransactionManager({
        client,
        applicationId: APPLICATION_ID,
        clock: systemClock,
        ids: systemIds,
        log: LOG,
      });
    },
  },
  {
    provide: DTX_RUNTIME,
    inject: [TransactionManager],
    useFactory: (manager: TransactionManager) => new DtxRuntime(manager),
  },
  DtxExplorer,
  DtxTestingStarter,
];

function refuse(double: unknown): never {
  throw new InvalidOptionError({
    option: 'DtxTestingModule option double',
    value: double,
    fix: `Use one of ${Object.keys(DOUBLES).join(', ')}.`,
  });
}
