import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { AccountModule } from './account/account.module.js';
import type { PerService } from './databases.js';
import { DtxErrorFilter } from './dtx-error.filter.js';
import { OrderModule } from './order/order.module.js';
import { QuietLogger } from './quiet-logger.js';
import { StockModule } from './stock/stock.module.js';

/** Three Nest applications that listen on ports of their own. */
export interface Services {
  /** Where orders are placed. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts stock and account, then order, which needs their addresses. */
export async function startServices(
  databaseUrls: PerService<string>,
  coordinatorStore: string,
): Promise<Services> {
  const apps: INestApplication[] = [];
  const close = async (): Promise<void> => {
    // The other way round: no order is placed while a service that it needs goes away.
    for (const app of apps.reverse()) await app.close();
  };
  const start = async (module: DynamicModule): Promise<string> => {
    const app = await NestFactory.create(module, { logger: new QuietLogger() });
    apps.push(app);
    app.useGlobalFilters(new DtxErrorFilter(app.getHttpAdapter()));
    return listen(app);
  };
  try {
    const options = (databaseUrl: string) => ({ databaseUrl, coordinatorStore });
    const stock = await start(StockModule.forRoot(options(databaseUrls.stock)));
    const account = await start(AccountModule.forRoot(options(databaseUrls.accounts)));
    const urls = { stock, account };
    const order = await start(OrderModule.forRoot({ ...options(databaseUrls.orders), urls }));
    return { url: order, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
