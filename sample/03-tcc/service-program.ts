/** One of the services as a program of its own. */
import 'reflect-metadata';

import { serve } from '../support/load/serve.js';
import { BankModule } from './bank/bank.module.js';
import { TransferModule } from './transfer/transfer.module.js';

await serve({ transfer: TransferModule, north: BankModule, south: BankModule });
