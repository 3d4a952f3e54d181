import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { DynamicModule, INestApplication } from '@nestjs/common';

import { AccountModule } from './account/account.module.js';
import type { PerService } from './databases.js';
import { OrderModule } from './order/order.module.js';
import { createServiceApp } from './service-app.js';
import { StockModule } from './stock/stock.module.js';

/** Three Nest applications that listen on ports of their own. */
export interface Services {
  /** Where orders are placed. */
  readonly url: string;
  /** Aborted with an error when one of them cannot go on. */
  readonly failed: AbortSignal;
  close(): Promise<void>;
}

/** Starts stock and account, then order, which needs their addresses: all in this process. */
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
    const app = await createServiceApp(module);
    apps.push(app);
    return listen(app);
  };
  try {
    const coordinator = { store: coordinatorStore };
    const options = (databaseUrl: string) => ({ databaseUrl, coordinator });
    const stock = await start(StockModule.forRoot(options(databaseUrls.stock)));
    const account = await start(AccountModule.forRoot(options(databaseUrls.accounts)));
    const urls = { stock, account };
    const order = await start(OrderModule.forRoot({ ...options(databaseUrls.orders), urls }));
    // They end with this process, and not before it.
    return { url: order, failed: new AbortController().signal, close };
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
