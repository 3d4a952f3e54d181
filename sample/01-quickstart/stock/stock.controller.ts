import { Body, Controller, Post } from '@nestjs/common';

import { StockService } from './stock.service.js';
import type { TakeFromStock } from './take-from-stock.js';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: StockService) {}

  @Post('take')
  async take(@Body() request: TakeFromStock): Promise<void> {
    await this.stock.take(request);
  }
}
