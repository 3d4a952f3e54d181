import { Body, Controller, Post } from '@nestjs/common';

import { AccountService } from './account.service.js';
import type { ChargeAccount } from './charge-account.js';

@Controller('account')
export class AccountController {
  constructor(private readonly accounts: AccountService) {}

  @Post('charge')
  async charge(@Body() request: ChargeAccount): Promise<void> {
    await this.accounts.charge(request);
  }
}
