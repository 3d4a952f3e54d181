import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';

import { nestTransport } from '../message-transport.js';
import { readSettings } from '../service-settings.js';
import { PaymentModule } from './payment.module.js';

const settings = readSettings();
const app = await NestFactory.createMicroservice(PaymentModule.forRoot(settings), {
  ...nestTransport(settings.messages),
  logger: ['warn', 'error'],
});
app.enableShutdownHooks();
await app.listen();
process.stdout.write('ready\n');
