import { Injectable, Scope } from '@nestjs/common';
import type { Provider } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { GlobalTransactional, UnsupportedMethodError, currentXid } from 'nestjs-dtx';

import { LogLines, recordedDtx } from './application.js';

@Injectable()
class OrderService {
  @GlobalTransactional()
  async place(): Promise<string | undefined> {
    return currentXid();
  }

  @GlobalTransactional()
  async cancel(): Promise<void> {}
}

@Injectable()
class StockService {
  @GlobalTransactional()
  async deduct(): Promise<void> {}
}

async function start(providers: Provider[]) {
  const log = new LogLines();
  const { module, transcript } = recordedDtx();
  const app = await Test.createTestingModule({ imports: [module], providers })
    .setLogger(log)
    .compile();
  try {
    await app.init();
  } catch (error) {
    await app.close();
    throw error;
  }
  return { app, log: log.of('DtxModule'), transcript };
}

describe('the scan at start', () => {
  it('says in one line what it has found', async () => {
    const { app, log } = await start([
      OrderService,
      StockService,
      { provide: 'ALIAS', useExisting: OrderService },
    ]);

    expect(log).toEqual(['log 3 @GlobalTransactional methods in 2 classes; resources: none']);
    await app.close();
  });

  it('says so, too, when there is nothing', async () => {
    const { app, log } = await start([]);

    expect(log).toEqual(['log 0 @GlobalTransactional methods in 0 classes; resources: none']);
    await app.close();
  });

  it('stops the start at a frozen object, naming the method and the fix', async () => {
    const frozen = start([{ provide: 'ORDERS', useValue: Object.freeze(new OrderService()) }]);

    await expect(frozen).rejects.toThrow(UnsupportedMethodError);
    await expect(frozen).rejects.toThrow(/OrderService\.place .* Freeze its fields instead/);
  });

  it('stops the start at a provider whose constructor freezes it', async () => {
    @Injectable()
    class FrozenService extends OrderService {
      constructor() {
        super();
        Object.freeze(this);
      }
    }

    await expect(start([FrozenService])).rejects.toThrow(/OrderService\.place .* frozen or sealed/);
  });

  it('warns of a factory that runs per request, where nothing can be injected', async () => {
    const made: Provider = {
      provide: OrderService,
      scope: Scope.REQUEST,
      useFactory: () => new OrderService(),
    };
    const { app, log } = await start([made]);
    const service = await app.resolve(OrderService, ContextIdFactory.create());

    expect(log).toContainEqual(
      expect.stringContaining('warn OrderService comes from a factory that runs per request'),
    );
    await expect(service.place()).resolves.toBeUndefined();
    await app.close();
  });

  it('warns of an object of another running application, and leaves it there', async () => {
    const shared = { provide: 'ORDERS', useValue: new OrderService() };
    const first = await start([shared]);
    const second = await start([shared]);

    await shared.useValue.place();

    expect(first.transcript).toHaveLength(2);
    expect(second.transcript).toHaveLength(0);
    expect(second.log).toContainEqual(
      expect.stringContaining('warn The object behind OrderService.place also belongs to another'),
    );
    await first.app.close();
    await second.app.close();
  });

  it('takes over an object whose application has shut down', async () => {
    const shared = { provide: 'ORDERS', useValue: new OrderService() };
    const first = await start([shared]);
    await first.app.close();
    const second = await start([shared]);

    await shared.useValue.place();

    expect(second.transcript).toHaveLength(2);
    expect(second.log).toHaveLength(1);
    await second.app.close();
  });
});
