import { ApplicationClient } from '../../../lib/modules/application-client.js';
import { InFlight } from '../../../lib/modules/in-flight.js';
import { RecordingCoordinator } from '../../../lib/modules/testing/index.js';
import type { Clock, CoordinatorClient } from '../../../lib/protocol/index.js';
import { CoordinatorClosedError } from '../../../lib/protocol/index.js';

const begin = (xid: string) => ({ xid, name: xid, applicationId: 'test', timeoutMs: 1_000 });
const end = (xid: string) => ({ xid, waitMs: 0 });

/** A coordinator that can be told to fail, and notes that it was closed. */
class TestCoordinator extends RecordingCoordinator {
  closeCount = 0;
  failure: Error | undefined;

  override async begin(request: Parameters<RecordingCoordinator['begin']>[0]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    return super.begin(request);
  }

  override async commit(request: Parameters<RecordingCoordinator['commit']>[0]) {
    if (this.failure !== undefined) throw this.failure;
    return super.commit(request);
  }

  override close(): Promise<void> {
    this.closeCount += 1;
    return Promise.resolve();
  }
}

describe('the coordinator client of an application', () => {
  let coordinator: TestCoordinator;
  let connect: jest.Mock<Promise<CoordinatorClient>>;
  let timeMs: number;
  let inFlight: InFlight;
  let client: ApplicationClient;

  beforeEach(() => {
    coordinator = new TestCoordinator();
    connect = jest.fn(() => Promise.resolve(coordinator as CoordinatorClient));
    timeMs = 0;
    const clock: Clock = {
      now: () => timeMs,
      monotonicMs: () => timeMs,
      after: (_delayMs, callback) => {
        callback();
        return { cancel: () => undefined };
      },
      soon: () => undefined,
    };
    inFlight = new InFlight(clock);
    client = new ApplicationClient({ connect, clock, enter: () => inFlight.enter() });
  });

  /** How much a shutdown would wait for now; the clock above gives up at once. */
  const underWay = () => inFlight.idle(0);

  it('connects at the first call, and not before', async () => {
    expect(connect).not.toHaveBeenCalled();

    await Promise.all([client.begin(begin('a')), client.begin(begin('b')), client.connect()]);

    expect(connect).toHaveBeenCalledTimes(1);
    expect(coordinator.transcript).toEqual(['begin a', 'begin b']);
  });

  it('may connect after an attempt that failed', async () => {
    connect.mockRejectedValueOnce(new Error('the file is in use'));

    await expect(client.connect()).rejects.toThrow('the file is in use');
    await client.begin(begin('a'));

    expect(coordinator.transcript).toEqual(['begin a']);
  });

  it('never connects only to close', async () => {
    await client.close();

    expect(connect).not.toHaveBeenCalled();
    await expect(client.status({ xid: 'a' })).rejects.toThrow(CoordinatorClosedError);
  });

  it('closes once, also what was still being connected', async () => {
    const connecting = client.connect();

    await Promise.all([client.close(), client.close()]);
    await connecting;

    expect(coordinator.closeCount).toBe(1);
  });

  it('counts a transaction from its begin to its end', async () => {
    await client.begin(begin('a'));
    await client.begin(begin('b'));
    const begun = await underWay();
    await client.commit(end('a'));
    await client.rollback(end('b'));

    expect(begun).toBe(2);
    await expect(underWay()).resolves.toBe(0);
  });

  it('does not count a transaction that could not begin', async () => {
    coordinator.failure = new Error('full');

    await expect(client.begin(begin('a'))).rejects.toThrow('full');

    await expect(underWay()).resolves.toBe(0);
  });

  it('does not wait for a transaction whose end has failed', async () => {
    await client.begin(begin('a'));
    coordinator.failure = new Error('lost');

    await expect(client.commit(end('a'))).rejects.toThrow('lost');

    await expect(underWay()).resolves.toBe(0);
  });

  it('counts an end once, and ends of others not at all', async () => {
    await client.begin(begin('a'));
    await client.begin(begin('b'));

    await client.commit(end('a'));
    await client.rollback(end('a'));
    await client.rollback(end('c'));

    await expect(underWay()).resolves.toBe(1);
  });

  it('forgets transactions that nobody has ended, once they have timed out', async () => {
    await client.begin(begin('forgotten'));
    timeMs = 1_000;

    await client.begin(begin('a'));

    await expect(underWay()).resolves.toBe(1);
  });
});
