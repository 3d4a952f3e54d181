import { writeFile } from 'node:fs/promises';

import { generateOrders, OUR_ORDERS } from './orders-generator.js';

/** Writes orders.csv anew: `node scripts/run.mjs sample/01-quickstart/generate-orders.ts`. */
await writeFile('sample/01-quickstart/orders.csv', generateOrders(OUR_ORDERS));
