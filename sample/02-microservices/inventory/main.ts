import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';

import { readSettings } from '../service-settings.js';
import { inventoryGrpc } from './inventory.grpc.js';
import { InventoryModule } from './inventory.module.js';

const settings = readSettings();
const app = await NestFactory.createMicroservice(InventoryModule.forRoot(settings), {
  ...inventoryGrpc(settings.inventoryAddress),
  logger: ['warn', 'error'],
});
app.enableShutdownHooks();
await app.listen();
process.stdout.write('ready\n');
