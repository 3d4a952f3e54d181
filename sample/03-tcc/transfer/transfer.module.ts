import { Body, Controller, type DynamicModule, Module, Post } from '@nestjs/common';
import { DtxModule } from 'nestjs-dtx';

import type { LoadServiceSettings } from '../../support/load/run-load.js';
import { ServiceClient } from '../../support/load/service-client.js';
import type { Transfer } from '../transfer.js';
import { TransferService } from './transfer.service.js';

@Controller('transfers')
class TransferController {
  constructor(private readonly transfers: TransferService) {}

  @Post()
  async transfer(@Body() transfer: Transfer): Promise<void> {
    await this.transfers.transfer(transfer);
  }
}

@Module({})
export class TransferModule {
  static forRoot({ coordinatorUrl, urls }: LoadServiceSettings): DynamicModule {
    return {
      module: TransferModule,
      imports: [
        DtxModule.forRoot({
          applicationId: 'transfer-service',
          coordinator: { url: coordinatorUrl },
        }),
      ],
      controllers: [TransferController],
      providers: [TransferService, { provide: ServiceClient, useValue: new ServiceClient(urls) }],
    };
  }
}
