import type { Observable } from 'rxjs';
import { NEVER, concat, firstValueFrom, from, lastValueFrom, of, throwError, toArray } from 'rxjs';

import { DtxRuntime } from '../../../lib/interceptors/index.js';
import type { Invocation, MethodDefinition } from '../../../lib/interceptors/index.js';
import { RecordingCoordinator } from '../../../lib/modules/testing/index.js';
import {
  ObservableNotDeclaredError,
  Propagation,
  RollbackOnlyError,
  UnsupportedMethodError,
} from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import type { TransactionOptions } from '../../../lib/transaction/index.js';
import {
  TransactionManager,
  currentXid,
  defineTransaction,
} from '../../../lib/transaction/index.js';

const SILENT = { info() {}, warn() {}, error() {}, debug() {} };

function define(name: string, options: TransactionOptions & { isObservable?: boolean } = {}) {
  const { isObservable = false, ...rest } = options;
  const definition: MethodDefinition = {
    method: `Service.${name}`,
    isObservable,
    transaction: defineTransaction({ name, ...rest }, `Service.${name}`),
  };
  return definition;
}

describe('the runtime of annotated methods', () => {
  let coordinator: RecordingCoordinator;
  let run: (definition: MethodDefinition, body: Invocation) => Promise<unknown>;
  let stream: (definition: MethodDefinition, body: Invocation) => Observable<unknown>;

  beforeEach(() => {
    coordinator = new RecordingCoordinator();
    const manager = new TransactionManager({
      client: coordinator,
      clock: systemClock,
      ids: systemIds,
      applicationId: 'test',
      log: SILENT,
    });
    const runtime = new DtxRuntime(manager);
    run = async (definition, body) => runtime.run(definition, body, []);
    stream = (definition, body) => runtime.run(definition, body, []) as Observable<unknown>;
  });

  it('commits what fulfils', async () => {
    const seen = await run(define('place'), async () => currentXid());

    expect(seen).toMatch(/^[0-9a-f]{40}$/);
    expect(coordinator.transcript).toEqual(['begin place', 'commit place']);
    expect(currentXid()).toBeUndefined();
  });

  it('rolls back what rejects, and passes the error on', async () => {
    const error = new Error('out of stock');

    await expect(run(define('place'), () => Promise.reject(error))).rejects.toBe(error);
    expect(coordinator.transcript).toEqual(['begin place', 'rollback place (requested)']);
  });

  it('joins the transaction around it', async () => {
    const xids = await run(define('outer'), async () => [
      currentXid(),
      await run(define('inner'), async () => currentXid()),
    ]);

    expect(new Set(xids as string[]).size).toBe(1);
    expect(coordinator.transcript).toEqual(['begin outer', 'commit outer']);
  });

  it('refuses the commit when a joined method has failed and its error was swallowed', async () => {
    const outcome = run(define('outer'), async () => {
      await run(define('inner'), () => Promise.reject(new Error('no money'))).catch(
        () => 'swallowed',
      );
    });

    await expect(outcome).rejects.toThrow(RollbackOnlyError);
    await expect(outcome).rejects.toThrow(/inner failed: no money/);
    expect(coordinator.transcript).toEqual(['begin outer', 'rollback outer (requested)']);
  });

  it('follows the propagation of the method', async () => {
    await run(define('outer'), () =>
      run(define('inner', { propagation: Propagation.REQUIRES_NEW }), async () => 'done'),
    );

    expect(coordinator.transcript).toEqual([
      'begin outer',
      'begin inner',
      'commit inner',
      'commit outer',
    ]);
  });

  describe('a method that was not known to return a stream', () => {
    it('is rolled back, with the fix', async () => {
      const outcome = run(define('watch'), () => of(1));

      await expect(outcome).rejects.toThrow(ObservableNotDeclaredError);
      await expect(outcome).rejects.toThrow(/Service\.watch .* returns: 'observable'/);
      expect(coordinator.transcript).toEqual(['begin watch', 'rollback watch (requested)']);
    });

    it('is found out when it joins, too', async () => {
      const outcome = run(define('outer'), () => run(define('watch'), () => of(1)));

      await expect(outcome).rejects.toThrow(ObservableNotDeclaredError);
      expect(coordinator.transcript).toEqual(['begin outer', 'rollback outer (requested)']);
    });

    it('is refused where it returns an async iterator', async () => {
      const lazy = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve() }) };
      const outcome = run(define('watch'), () => lazy);

      await expect(outcome).rejects.toThrow(UnsupportedMethodError);
      await expect(outcome).rejects.toThrow(/Service\.watch .* returned an async iterator/);
      expect(coordinator.transcript).toEqual(['begin watch', 'rollback watch (requested)']);
    });
  });

  describe('a stream', () => {
    const watch = define('watch', { isObservable: true });

    it('begins when it is subscribed and commits before it completes', async () => {
      const source = stream(watch, () => from([1, 2]));
      const before = coordinator.transcript;
      const values = await lastValueFrom(source.pipe(toArray()));

      expect(before).toEqual([]);
      expect(values).toEqual([1, 2]);
      expect(coordinator.transcript).toEqual(['begin watch', 'commit watch']);
    });

    it('begins anew with each subscription', async () => {
      const source = stream(watch, () => of(currentXid()));

      const xids = [await lastValueFrom(source), await lastValueFrom(source)];

      expect(new Set(xids).size).toBe(2);
      expect(coordinator.transcript).toHaveLength(4);
    });

    it('rolls back when it fails', async () => {
      const source = stream(watch, () => throwError(() => new Error('gone')));

      await expect(lastValueFrom(source)).rejects.toThrow('gone');
      expect(coordinator.transcript).toEqual(['begin watch', 'rollback watch (requested)']);
    });

    it('rolls back when it is unsubscribed before its end', async () => {
      const rolledBack = new Promise<void>((resolve) => {
        const rollback = coordinator.rollback.bind(coordinator);
        coordinator.rollback = async (request) => {
          const summary = await rollback(request);
          resolve();
          return summary;
        };
      });
      const endless = stream(watch, () => concat(of(1), NEVER));

      await firstValueFrom(endless);
      await rolledBack;

      expect(coordinator.transcript).toEqual(['begin watch', 'rollback watch (requested)']);
    });

    it('is refused where the method returns no stream', async () => {
      const source = stream(watch, () => Promise.resolve(1));

      await expect(lastValueFrom(source)).rejects.toThrow(UnsupportedMethodError);
      expect(coordinator.transcript).toEqual(['begin watch', 'rollback watch (requested)']);
    });
  });
});
