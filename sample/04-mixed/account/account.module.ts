import { Body, Controller, type DynamicModule, Module, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { LoadServiceSettings } from '../../support/load/run-load.js';
import type { PlaceOrder } from '../place-order.js';
import { AccountService } from './account.service.js';

@Controller('account')
class AccountController {
  constructor(private readonly accounts: AccountService) {}

  @Post('freeze')
  async freeze(@Body() { order, customer, amountCents }: PlaceOrder): Promise<void> {
    await this.accounts.freeze(order, customer, amountCents);
  }
}

@Module({})
export class AccountModule {
  static forRoot({ databaseUrl, coordinatorUrl }: LoadServiceSettings): DynamicModule {
    return {
      module: AccountModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx({ type: 'postgres', url: databaseUrl }, { resourceId: 'accounts' }),
        ),
        DtxModule.forRoot({
          applicationId: 'account-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [AccountController],
      providers: [AccountService],
    };
  }
}
