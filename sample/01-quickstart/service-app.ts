import { type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { DtxErrorFilter } from './dtx-error.filter.js';
import { QuietLogger } from './quiet-logger.js';

/** Creates a service, and leaves listening to the caller. */
export async function createServiceApp(module: DynamicModule): Promise<INestApplication> {
  const app = await NestFactory.create(module, { logger: new QuietLogger() });
  app.useGlobalFilters(new DtxErrorFilter(app.getHttpAdapter()));
  return app;
}
