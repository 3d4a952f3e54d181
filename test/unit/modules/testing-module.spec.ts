import { Injectable } from '@nestjs/common';
import type { LoggerService, Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { GlobalTransactional, TccAction, TxParam } from '../../../lib/decorators/index.js';
import { DtxTestingModule, RecordingCoordinator } from '../../../lib/modules/testing/index.js';
import {
  InvalidOptionError,
  OutcomeUnknownError,
  RollbackOnlyError,
} from '../../../lib/protocol/index.js';
import { TransactionManager, currentXid } from '../../../lib/transaction/index.js';

@Injectable()
class OrderService {
  @GlobalTransactional({ name: 'place-order' })
  async place(sku: string): Promise<string | undefined> {
    if (sku === 'none') throw new Error('out of stock');
    return currentXid();
  }
}

@Injectable()
class HoldService {
  @GlobalTransactional()
  async pay(amount: number): Promise<string> {
    return this.freeze(amount);
  }

  @TccAction({ name: 'account.freeze', confirm: 'end', cancel: 'end', dataSource: 'accounts' })
  async freeze(@TxParam('amount') amount: number): Promise<string> {
    return `hold of ${String(amount)}`;
  }

  async end(): Promise<void> {}
}

class Warnings implements LoggerService {
  readonly lines: string[] = [];
  log(): void {}
  error(): void {}
  warn(message: string): void {
    this.lines.push(message);
  }
}

async function start(double: 'no-op' | 'recording', providers: Provider[] = [OrderService]) {
  const log = new Warnings();
  const app = await Test.createTestingModule({
    imports: [DtxTestingModule.forRoot({ double })],
    providers,
  })
    .setLogger(log)
    .compile();
  await app.init();
  return { app, warnings: log.lines };
}

describe('DtxTestingModule', () => {
  it('runs annotated methods in transactions that nobody coordinates', async () => {
    const { app } = await start('no-op');

    await expect(app.get(OrderService).place('a-1')).resolves.toMatch(/^[0-9a-f]{40}$/);
    await expect(app.get(OrderService).place('none')).rejects.toThrow('out of stock');
  });

  it('says once that nothing is coordinated', async () => {
    const { warnings } = await start('no-op');

    expect(warnings).toEqual([expect.stringContaining('No coordinator')]);
  });

  it('runs tries, and records their branches', async () => {
    const { app } = await start('recording', [HoldService]);

    await expect(app.get(HoldService).pay(7)).resolves.toBe('hold of 7');
    expect(app.get(RecordingCoordinator).transcript).toEqual([
      'begin HoldService.pay',
      'register TCC account.freeze',
      'commit HoldService.pay',
    ]);
  });

  it('records without a warning', async () => {
    const { app, warnings } = await start('recording');

    await app.get(OrderService).place('a-1');
    await app
      .get(OrderService)
      .place('none')
      .catch(() => 'expected');

    expect(app.get(RecordingCoordinator).transcript).toEqual([
      'begin place-order',
      'commit place-order',
      'begin place-order',
      'rollback place-order (requested)',
    ]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['unknown', OutcomeUnknownError],
    ['rollback-only', RollbackOnlyError],
  ] as const)(
    'lets a test see what its code does about a commit that is %s',
    async (how, error) => {
      const { app } = await start('recording');

      app.get(RecordingCoordinator).failNextCommit(how);

      await expect(app.get(OrderService).place('a-1')).rejects.toThrow(error);
    },
  );

  it('provides the TransactionManager', async () => {
    const { app } = await start('recording');

    await app.get(TransactionManager).run({ name: 'nightly' }, async () => undefined);

    expect(app.get(RecordingCoordinator).transcript).toEqual(['begin nightly', 'commit nightly']);
  });

  it('reaches values, as DtxModule does', async () => {
    const { app } = await start('recording', [{ provide: 'ORDERS', useValue: new OrderService() }]);

    await app.get<OrderService>('ORDERS').place('a-1');

    expect(app.get(RecordingCoordinator).transcript).toHaveLength(2);
  });

  it('refuses a double that does not exist', () => {
    const attempt = () => DtxTestingModule.forRoot({ double: 'mock' as 'no-op' });

    expect(attempt).toThrow(InvalidOptionError);
    expect(attempt).toThrow(/double is "mock"\. Use one of no-op, recording/);
  });
});
