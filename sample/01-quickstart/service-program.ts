/** One of the services as a program of its own. What it is told stands in its environment. */
import 'reflect-metadata';

import { AccountModule } from './account/account.module.js';
import { OrderModule } from './order/order.module.js';
import type { ServiceUrls } from './order/service-urls.js';
import { createServiceApp } from './service-app.js';
import type { ServiceOptions } from './service-options.js';
import { StockModule } from './stock/stock.module.js';

/** One of the three, with all that it needs. */
export interface ServiceSettings extends ServiceOptions {
  readonly service: keyof typeof MODULES;
  readonly port: number;
  /** Where stock and account are; only order asks. */
  readonly urls: ServiceUrls;
}

const MODULES = { stock: StockModule, account: AccountModule, order: OrderModule } as const;

const settings = JSON.parse(process.env['QUICKSTART_SERVICE'] ?? '{}') as ServiceSettings;
const app = await createServiceApp(MODULES[settings.service].forRoot(settings));
app.enableShutdownHooks();
await app.listen(settings.port, '127.0.0.1');
process.stdout.write('ready\n');
