import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';

import { LockConflictFilter } from '../lock-conflict.filter.js';
import type { TakeRequest } from './inventory.grpc.js';
import { InventoryService } from './inventory.service.js';

@Controller()
@UseFilters(LockConflictFilter)
export class InventoryController {
  constructor(private readonly inventory: InventoryService) {}

  @GrpcMethod('Inventory', 'Take')
  async take(request: TakeRequest): Promise<object> {
    await this.inventory.take(request);
    return {};
  }
}
