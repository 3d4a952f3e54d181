/** One of the services as a program of its own. */
import 'reflect-metadata';

import { serve } from '../support/load/serve.js';
import { AccountModule } from './account/account.module.js';
import { OrderModule } from './order/order.module.js';
import { StockModule } from './stock/stock.module.js';

await serve({ order: OrderModule, account: AccountModule, stock: StockModule });
