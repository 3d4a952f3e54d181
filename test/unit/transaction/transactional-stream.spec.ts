import {
  EMPTY,
  NEVER,
  Subject,
  firstValueFrom,
  lastValueFrom,
  of,
  throwError,
  toArray,
} from 'rxjs';

import { Propagation } from '../../../lib/protocol/index.js';
import { currentXid } from '../../../lib/transaction/index.js';
import { until } from '../../support/until.js';
import { managerUnderTest } from './manager-under-test.js';

describe('TransactionManager.stream', () => {
  it('does nothing before it is subscribed', () => {
    const { coordinator, manager } = managerUnderTest();

    manager.stream({ name: 'feed' }, () => of(1));

    expect(coordinator.transcript).toEqual([]);
  });

  it('subscribes inside the transaction and completes after the commit', async () => {
    const { coordinator, manager } = managerUnderTest();
    let seen: string | undefined;
    const stream = manager.stream({ name: 'feed' }, () => {
      seen = currentXid();
      return of(1, 2);
    });

    const values = await lastValueFrom(stream.pipe(toArray()));

    expect(values).toEqual([1, 2]);
    expect(seen).toMatch(/^[0-9a-f]{40}$/);
    expect(coordinator.transcript).toEqual(['begin feed', 'commit feed']);
  });

  it('begins one transaction for each subscription', async () => {
    const { coordinator, manager } = managerUnderTest();
    const stream = manager.stream({ name: 'feed' }, () => of(1));

    await Promise.all([lastValueFrom(stream), lastValueFrom(stream)]);

    expect(coordinator.transcript.filter((line) => line === 'commit feed')).toHaveLength(2);
  });

  it('rolls back on an error of the stream, and passes it on', async () => {
    const { coordinator, manager } = managerUnderTest();
    const stream = manager.stream({ name: 'feed' }, () => throwError(() => new Error('no')));

    await expect(lastValueFrom(stream)).rejects.toThrow('no');
    expect(coordinator.transcript).toEqual(['begin feed', 'rollback feed (requested)']);
  });

  it('rolls back when the body throws before it returns a stream', async () => {
    const { coordinator, manager } = managerUnderTest();
    const stream = manager.stream({ name: 'feed' }, () => {
      throw new Error('no');
    });

    await expect(lastValueFrom(stream)).rejects.toThrow('no');
    expect(coordinator.transcript).toEqual(['begin feed', 'rollback feed (requested)']);
  });

  it('rolls back when it is unsubscribed before its end', async () => {
    const { coordinator, manager } = managerUnderTest();
    const source = new Subject<number>();
    const stream = manager.stream({ name: 'feed' }, () => source);
    const first = firstValueFrom(stream);
    await until(() => source.observed);

    source.next(1);

    await expect(first).resolves.toBe(1);
    await until(() => coordinator.transcript.length === 2);
    expect(coordinator.transcript).toEqual(['begin feed', 'rollback feed (requested)']);
  });

  it('rolls back when it is unsubscribed while it begins', async () => {
    const { coordinator, manager } = managerUnderTest();

    manager
      .stream({ name: 'feed' }, () => NEVER)
      .subscribe()
      .unsubscribe();

    await until(() => coordinator.transcript.length === 2);
    expect(coordinator.transcript).toEqual(['begin feed', 'rollback feed (requested)']);
  });

  it('passes on a commit that failed as the error of the stream', async () => {
    const { coordinator, manager } = managerUnderTest();
    coordinator.failNextCommit('rollback-only');
    const stream = manager.stream({ name: 'feed' }, () => EMPTY);

    await expect(lastValueFrom(stream)).rejects.toThrow(/DTX_ERR_TM_ROLLBACK_ONLY/);
  });

  it('joins the transaction around its subscriber and marks it on an error', async () => {
    const { manager } = managerUnderTest();
    const part = manager.stream({ name: 'part' }, () => throwError(() => new Error('no')));

    const run = manager.run({ name: 'whole' }, () => lastValueFrom(part).catch(() => undefined));

    await expect(run).rejects.toThrow(/DTX_ERR_TM_ROLLBACK_ONLY.*part failed: no/);
  });

  it('fails when its propagation refuses', async () => {
    const { manager } = managerUnderTest();
    const options = { name: 'part', propagation: Propagation.MANDATORY };

    const stream = manager.stream(options, () => of(1));

    await expect(lastValueFrom(stream)).rejects.toThrow(/DTX_ERR_TM_REQUIRED/);
  });
});
