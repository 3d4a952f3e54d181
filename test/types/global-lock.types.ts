import { GlobalLock, GlobalTransactional, TransactionManager } from 'nestjs-dtx';
import type { GlobalLockOptions, LockOptions, LockWaitOptions } from 'nestjs-dtx';
import { of } from 'rxjs';

export const waits: LockWaitOptions = { lockRetryIntervalMs: 10, lockRetryTimes: 30 };
export const lock: LockOptions = { ...waits, name: 'freeze' };
export const options: GlobalLockOptions = { ...lock, returns: 'observable' };

export class Accepted {
  @GlobalLock()
  async nothing(): Promise<void> {}

  @GlobalLock({ lockWaitTimeoutMs: 5_000 })
  stream() {
    return of(1);
  }

  @GlobalTransactional({ lockConflictRetries: 3, lockWaitTimeoutMs: 0 })
  @GlobalLock()
  protected async both(): Promise<number> {
    return 1;
  }
}

export const run = (manager: TransactionManager): Promise<number> =>
  manager.underLock({ name: 'freeze', lockRetryTimes: 5 }, () => 1);

export class Refused {
  // @ts-expect-error it returns nothing that could be waited for
  @GlobalLock()
  nothing(): void {}

  // @ts-expect-error retries are of transactions: what is written under the lock stays
  @GlobalLock({ lockConflictRetries: 1 })
  async retries(): Promise<void> {}
}
