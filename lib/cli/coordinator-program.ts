import 'reflect-metadata';

import { ConsoleLogger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';

import type { CoordinatorModuleOptions } from '../modules/coordinator/index.js';
import { CoordinatorModule, CoordinatorServer } from '../modules/coordinator/index.js';

/** Without what went wrong at the start, with its stack: whoever starts it says that in a line. */
class ProgramLogger extends ConsoleLogger {
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) === 'ExceptionHandler') return;
    super.error(message, ...(rest as string[]));
  }
}

/** The coordinator as a Nest microservice of its own. */
@Module({})
class BundledCoordinator {}

/** A coordinator that runs. */
export interface CoordinatorProgram {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * @throws InvalidOptionError, InsecureListenError, StoreInUseError, StoreUnavailableError …
 */
export async function startCoordinator(
  options: CoordinatorModuleOptions,
  isJson: boolean,
): Promise<CoordinatorProgram> {
  const root = { module: BundledCoordinator, imports: [CoordinatorModule.forRoot(options)] };
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(root, {
    inject: [CoordinatorServer],
    useFactory: (strategy: CoordinatorServer) => ({ strategy }),
    logger: new ProgramLogger({ json: isJson, logLevels: ['warn', 'error', 'fatal'] }),
    // Whoever starts it says what went wrong; Nest would end the process.
    abortOnError: false,
  });
  await app.listen();
  return {
    address: await app.get(CoordinatorServer).unwrap(),
    close: () => app.close(),
  };
}
