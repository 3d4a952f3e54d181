import { Body, ConflictException, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import type { Product } from '../product.js';
import { workAtAccount } from './account.js';
import type { LocalDatabase } from './local-database.js';
import { mariadb, postgres } from './local-database.js';
import type { ActorSettings, BranchMode, Report, Transfer } from './messages.js';
import { RESOURCE_IDS } from './messages.js';
import { pursesOf } from './purses.js';

const CALL_MS_MAX = 3_000;

/** A service with one data source, which does its part of a transfer in one branch per mode. */
export async function startParticipant(
  product: Product,
  settings: ActorSettings,
  report: (message: Report) => void,
): Promise<void> {
  const { coordinatorUrl = '', modes = ['AT'], port, role } = settings;
  const database = databaseOf(product, settings, modes.includes('XA') ? 'XA' : 'AT');
  const Purses = pursesOf(product, settings, database);

  const workBy = (mode: BranchMode, transfer: Transfer): Promise<void> =>
    mode === 'TCC'
      ? app.get(Purses).reserve(transfer.id, transfer.refusesAt === role)
      : workAtAccount(database, transfer, settings);

  @Controller()
  class WorkController {
    @Post('work')
    async work(@Body() transfer: Transfer): Promise<string> {
      const { id } = transfer;
      report({ kind: 'working', id });
      product.failpoint('work.received');
      try {
        for (const mode of modes) await workBy(mode, transfer);
      } catch (error) {
        throw new ConflictException(String(error));
      } finally {
        report({ kind: 'worked', id });
      }
      return 'done';
    }
  }

  @Module({
    imports: [
      product.DtxModule.forRoot({
        applicationId: `crash-${role}`,
        coordinator: { url: coordinatorUrl, callTimeoutMs: CALL_MS_MAX },
      }),
    ],
    controllers: [WorkController],
    providers: [
      { provide: 'POOL', useValue: database.pool },
      ...(modes.includes('TCC') ? [Purses] : []),
    ],
  })
  class ParticipantModule {}
  const app = await NestFactory.create(ParticipantModule, { logger: false });
  await app.listen(port, '127.0.0.1');
}

function databaseOf(product: Product, settings: ActorSettings, mode: 'AT' | 'XA'): LocalDatabase {
  const { databaseUrl = '', role } = settings;
  return role === 'P1'
    ? postgres(product, databaseUrl, { resourceId: RESOURCE_IDS.P1, mode })
    : mariadb(product, databaseUrl, { resourceId: RESOURCE_IDS.P2, mode });
}
