import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { ServiceOptions } from '../service-options.js';
import { AccountController } from './account.controller.js';
import { Account } from './account.entity.js';
import { AccountService } from './account.service.js';
import { AuditService } from './audit.service.js';
import { Charge } from './charge.entity.js';

@Module({})
export class AccountModule {
  static forRoot({ databaseUrl, coordinator }: ServiceOptions): DynamicModule {
    return {
      module: AccountModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            { type: 'postgres', url: databaseUrl, entities: [Account, Charge], synchronize: true },
            // Callers wait for a second. Who waits for a locked row gives up before they do, and
            // says so: then they know that it is worth trying again.
            { resourceId: 'accounts', lockWaitTimeoutMs: 500 },
          ),
        ),
        DtxModule.forRoot({
          applicationId: 'account-service',
          coordinator,
        }),
      ],
      controllers: [AccountController],
      providers: [AccountService, AuditService],
    };
  }
}
