import { Body, Controller, type DynamicModule, Module, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';

import type { LoadServiceSettings } from '../../support/load/run-load.js';
import type { PlaceOrder } from '../place-order.js';
import { StockService } from './stock.service.js';

@Controller('stock')
class StockController {
  constructor(private readonly stock: StockService) {}

  @Post('take')
  async take(@Body() order: PlaceOrder): Promise<void> {
    await this.stock.take(order);
  }
}

/** A connection is bound to what it has prepared, so there are more of them than requests. */
const CONNECTIONS = 24;
/** Soon enough for somebody who watches: by default it is 30 s. */
const SCAN_MS = 2_000;

@Module({})
export class StockModule {
  static forRoot({ databaseUrl, coordinatorUrl }: LoadServiceSettings): DynamicModule {
    return {
      module: StockModule,
      imports: [
        TypeOrmModule.forRoot(
          withDtx(
            { type: 'mariadb', url: databaseUrl, poolSize: CONNECTIONS },
            { resourceId: 'stock', mode: 'XA', xaScanIntervalMs: SCAN_MS },
          ),
        ),
        DtxModule.forRoot({
          applicationId: 'stock-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [StockController],
      providers: [StockService],
    };
  }
}
