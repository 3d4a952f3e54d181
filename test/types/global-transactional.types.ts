import { GlobalTransactional, Propagation } from 'nestjs-dtx';
import type { GlobalTransactionalOptions } from 'nestjs-dtx';
import { Observable, Subject, of } from 'rxjs';

class OutOfStockError extends Error {}

abstract class RemoteError extends Error {}

/** What can be waited for is accepted, whatever it takes and gives. */
export class Accepted {
  @GlobalTransactional()
  async nothing(): Promise<void> {}

  @GlobalTransactional({})
  async generic<T>(value: T, ..._rest: readonly string[]): Promise<T> {
    return value;
  }

  @GlobalTransactional({
    name: 'place-order',
    timeoutMs: 30_000,
    propagation: Propagation.REQUIRES_NEW,
    rollbackFor: [OutOfStockError, RemoteError],
    noRollbackFor: ['E_MAIL', (thrown) => thrown === 'later', Error],
  })
  notAsync(): Promise<number> {
    return Promise.resolve(1);
  }

  @GlobalTransactional()
  never(): Promise<never> {
    return Promise.reject(new OutOfStockError());
  }

  @GlobalTransactional()
  stream(): Observable<string> {
    return of('a');
  }

  @GlobalTransactional({ returns: 'observable' })
  subject(): Subject<string> {
    return new Subject();
  }

  @GlobalTransactional()
  protected async inner(): Promise<string> {
    return 'a';
  }
}

/** What returns before its work is done is refused. */
export class Refused {
  // @ts-expect-error it returns nothing that could be waited for
  @GlobalTransactional()
  nothing(): void {}

  // @ts-expect-error a value is there at once, and so is the commit
  @GlobalTransactional()
  value(): string {
    return 'a';
  }

  // @ts-expect-error on one of its ways it is not waited for
  @GlobalTransactional()
  sometimes(now: boolean): Promise<string> | string {
    return now ? 'a' : Promise.resolve('a');
  }

  // @ts-expect-error nothing of a generator runs before somebody asks for it
  @GlobalTransactional()
  *generator(): Generator<string> {
    yield 'a';
  }

  // @ts-expect-error nor of an async one
  @GlobalTransactional()
  async *asyncGenerator(): AsyncGenerator<string> {
    yield 'a';
  }

  // @ts-expect-error a property is no method
  @GlobalTransactional()
  property = async (): Promise<void> => {};

  // @ts-expect-error nor is a getter
  @GlobalTransactional()
  get getter(): Promise<void> {
    return Promise.resolve();
  }
}

// @ts-expect-error a class is no method
@GlobalTransactional()
export class WholeClass {}

export const options: readonly GlobalTransactionalOptions[] = [
  { name: 'a' },
  // @ts-expect-error there is no such option
  { timeout: 30_000 },
  // @ts-expect-error milliseconds are a number
  { timeoutMs: '30s' },
  // @ts-expect-error a member of the enum, not its name
  { propagation: 'REQUIRED' },
  // @ts-expect-error the only form that has to be declared
  { returns: 'promise' },
  // @ts-expect-error an instance is no rule
  { noRollbackFor: [new OutOfStockError()] },
];
