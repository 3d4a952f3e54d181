/** One of the services as a program of its own. What it is told stands in its environment. */
import 'reflect-metadata';

import { createServiceApp } from '../01-quickstart/service-app.js';
import { type LoadServiceSettings, readLoadSettings } from '../support/load/run-load.js';
import { AccountModule } from './account/account.module.js';
import { OrderModule } from './order/order.module.js';
import { StockModule } from './stock/stock.module.js';

const MODULES = { order: OrderModule, account: AccountModule, stock: StockModule } as const;

const settings = readLoadSettings() as LoadServiceSettings & { service: keyof typeof MODULES };
const app = await createServiceApp(MODULES[settings.service].forRoot(settings));
app.enableShutdownHooks();
await app.listen(settings.port, '127.0.0.1');
process.stdout.write('ready\n');
