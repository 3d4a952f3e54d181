import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';

import { readSettings } from '../service-settings.js';
import { OrderModule } from './order.module.js';

const settings = readSettings();
const app = await NestFactory.create(OrderModule.forRoot(settings), { logger: ['warn', 'error'] });
app.enableShutdownHooks();
await app.listen(settings.orderPort, '127.0.0.1');
process.stdout.write('ready\n');
