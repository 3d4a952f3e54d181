import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { ServiceSettings } from '../service-settings.js';
import { Account } from './account.entity.js';
import { Attempt } from './attempt.entity.js';
import { CardNetwork } from './card-network.service.js';
import { Charge } from './charge.entity.js';
import { FraudWatch } from './fraud-watch.service.js';
import { PaymentController } from './payment.controller.js';
import { PaymentService } from './payment.service.js';

@Module({})
export class PaymentModule {
  static forRoot({ databaseUrl, coordinatorUrl }: ServiceSettings): DynamicModule {
    return {
      module: PaymentModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            {
              type: 'postgres',
              url: databaseUrl,
              entities: [Account, Charge, Attempt],
              synchronize: true,
            },
            { resourceId: 'payments' },
          ),
        ),
        DtxModule.forRoot({
          applicationId: 'payment-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [PaymentController],
      providers: [PaymentService, CardNetwork, FraudWatch],
    };
  }
}
