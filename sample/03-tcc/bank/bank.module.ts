import { Body, Controller, type DynamicModule, Module, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { LoadServiceSettings } from '../../support/load/run-load.js';
import type { Leg } from '../transfer.js';
import { PayeeService } from './payee.service.js';
import { PayerService } from './payer.service.js';

/** The tries, for other services. Confirm and cancel need no door: the coordinator knows one. */
@Controller('accounts')
class AccountController {
  constructor(
    private readonly payer: PayerService,
    private readonly payee: PayeeService,
  ) {}

  @Post('freeze')
  async freeze(@Body() { transfer, account, amountCents }: Leg): Promise<void> {
    await this.payer.freeze(transfer, account, amountCents);
  }

  @Post('announce')
  async announce(@Body() { transfer, account, amountCents }: Leg): Promise<void> {
    await this.payee.announce(transfer, account, amountCents);
  }
}

/** Both banks run this code, as applications with names of their own. */
@Module({})
export class BankModule {
  static forRoot({ service, databaseUrl, coordinatorUrl }: LoadServiceSettings): DynamicModule {
    return {
      module: BankModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx({ type: 'postgres', url: databaseUrl }, { resourceId: `${service}-accounts` }),
        ),
        DtxModule.forRoot({
          applicationId: `${service}-bank`,
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [AccountController],
      providers: [PayerService, PayeeService],
    };
  }
}
