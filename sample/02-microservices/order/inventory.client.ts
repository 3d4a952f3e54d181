import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';

import type { TakeRequest } from '../inventory/inventory.grpc.js';
import { toHttpError } from '../refusal.js';

/** Injection token of Nest's gRPC client. */
export const INVENTORY = 'INVENTORY';

interface Inventory {
  take(request: TakeRequest): Observable<object>;
}

/** Calls the inventory service over gRPC; the transaction travels along by itself. */
@Injectable()
export class InventoryClient implements OnModuleInit {
  #inventory!: Inventory;

  constructor(@Inject(INVENTORY) private readonly grpc: ClientGrpc) {}

  onModuleInit(): void {
    this.#inventory = this.grpc.getService<Inventory>('Inventory');
  }

  async take(request: TakeRequest): Promise<void> {
    try {
      await firstValueFrom(this.#inventory.take(request));
    } catch (error) {
      throw toHttpError('INVENTORY', error);
    }
  }
}
