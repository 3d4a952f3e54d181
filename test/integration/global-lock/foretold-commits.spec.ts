import type { ReleaseSummary } from '../../../lib/protocol/index.js';
import type { AtResource } from '../../../lib/resource/at/index.js';
import { RowQueue } from '../../../lib/resource/at/row-queue.js';
import { Mysql2Connection } from '../../../lib/resource/driver/mysql2/mysql2-connection.js';
import { resourceOf } from '../../../lib/resource/index.js';
import type { GlobalTransaction, TransactionManager } from '../../../lib/transaction/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances as mariadbBalances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances as pgBalances, openAtWorld } from '../../support/at-world.js';
import { until } from '../../support/until.js';

/** A session of the application, whatever its driver calls it. */
interface Session {
  query(text: string): Promise<unknown>;
  release(): void;
}

interface World {
  readonly manager: TransactionManager;
  readonly resource: AtResource;
  /** In AT mode. */
  autocommit(text: string): Promise<unknown>;
  session(): Promise<Session>;
  /** Rows of a query, past the framework. */
  rows(text: string): Promise<readonly unknown[]>;
  balances(): Promise<readonly number[]>;
  untilClean(): Promise<void>;
  close(): Promise<void>;
}

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = 1';
const LOCK_WAIT_TIMEOUT_MS = 2_000;

/** What is the same over both drivers. */
const sharedOf = (
  world: AtMariadbWorld | AtWorld,
): Pick<World, 'manager' | 'resource' | 'rows' | 'untilClean' | 'close'> => ({
  manager: world.manager,
  resource: resourceOf(world.pool) as AtResource,
  rows: (text) => world.rows(text),
  untilClean: () => world.untilClean(),
  close: () => world.close(),
});

async function openPostgres(): Promise<World> {
  const world = await openAtWorld(undefined, { lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
  return {
    ...sharedOf(world),
    autocommit: (text) => world.pool.query(text),
    session: () => world.pool.connect(),
    balances: () => pgBalances(world),
  };
}

async function openMariadb(): Promise<World> {
  const world = await openAtMariadbWorld(undefined, { lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
  return {
    ...sharedOf(world),
    autocommit: (text) => world.pool.query(text),
    session: () => world.pool.getConnection(),
    balances: () => mariadbBalances(world),
  };
}

/** A local transaction of one statement; it goes on when the statement has been answered. */
async function inTransaction(world: World, text: string): Promise<void> {
  const session = await world.session();
  try {
    await session.query('BEGIN');
    await session.query(text);
    await session.query('COMMIT');
  } catch (error) {
    await session.query('ROLLBACK');
    throw error;
  } finally {
    session.release();
  }
}

const WAYS = [
  ['an autocommit statement', (world: World, text: string) => world.autocommit(text)],
  ['a local transaction', inTransaction],
] as const;

function foretoldCommits(open: () => Promise<World>): void {
  let world: World;
  let holder: GlobalTransaction;
  let foretell: (isDurable: boolean) => void;
  let answers: number;

  beforeEach(async () => {
    world = await open();
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.autocommit(TAKE));
    answers = 0;
  });
  afterEach(() => world.close());

  /** Tells the first one who asks of a commit; whether it becomes durable is said later. */
  const foretold = (): void => {
    const { client } = world.manager;
    const ask = client.awaitRelease.bind(client);
    const durable = new Promise<boolean>((resolve) => {
      foretell = resolve;
    });
    const told: ReleaseSummary = { xid: holder.xid, status: 'committing', branches: [], durable };
    jest.spyOn(client, 'awaitRelease').mockImplementation((request) => {
      answers += 1;
      return answers === 1 ? Promise.resolve(told) : ask(request);
    });
  };

  /** Somebody has written the row, and has not ended yet. */
  const isLocked = async (): Promise<boolean> => {
    const free = await world.rows('SELECT id FROM account WHERE id = 1 FOR UPDATE SKIP LOCKED');
    return free.length === 0;
  };

  it.each(WAYS)('is built upon by %s, which is answered when it is durable', async (_, write) => {
    foretold();
    let isAnswered = false;
    const waiting = world.manager
      .run({ name: 'waiter' }, () => write(world, TAKE))
      .then(() => {
        isAnswered = true;
      });
    await until(isLocked);
    const isAnsweredBefore = isAnswered;
    await holder.commit();

    foretell(true);
    await waiting;

    expect(isAnsweredBefore).toBe(false);
    expect(await world.balances()).toEqual([80, 100]);
    await world.untilClean();
  });

  it.each(WAYS)('leaves nothing of %s if it does not become durable', async (_, write) => {
    foretold();
    const waiting = world.manager.run({ name: 'waiter' }, () => write(world, TAKE));
    await until(isLocked);

    foretell(false);
    await until(() => answers > 1);
    await holder.rollback();
    await waiting;

    expect(await world.balances()).toEqual([90, 100]);
    await world.untilClean();
  });

  it('leaves nothing of a write under the global lock if it does not become durable', async () => {
    foretold();
    const waiting = world.manager.underLock({ name: 'waiter' }, () => world.autocommit(TAKE));
    await until(isLocked);

    foretell(false);
    await until(() => answers > 1);
    await holder.rollback();
    await waiting;

    expect(await world.balances()).toEqual([90, 100]);
    await world.untilClean();
  });

  it.each(WAYS)('keeps no row from others by %s for longer than a wait', async (_, write) => {
    foretold();
    const waiting = world.manager.run({ name: 'waiter', lockWaitTimeoutMs: 300 }, () =>
      write(world, TAKE),
    );

    await expect(waiting).rejects.toThrow('DTX_ERR_RM_LOCK_CONFLICT');

    expect(await isLocked()).toBe(false);
    await holder.rollback();
    expect(await world.balances()).toEqual([100, 100]);
  });
}

describe('A commit that is foretold, on PostgreSQL', () => {
  foretoldCommits(openPostgres);
});

describeMariadb('A commit that is foretold, on MariaDB', () => {
  foretoldCommits(openMariadb);
});

describeMariadb('What is said of a holder before its decision, on MariaDB', () => {
  let world: World;
  let holder: GlobalTransaction;
  let next: GlobalTransaction;
  let said: jest.SpyInstance;
  /** What happens while the third one waits. */
  let meanwhile: () => void;

  beforeEach(async () => {
    world = await openMariadb();
    [holder, next] = [
      await world.manager.begin({ name: 'holder' }),
      await world.manager.begin({ name: 'next' }),
    ];
    await holder.run(() => world.autocommit(TAKE));
    said = jest.spyOn(Mysql2Connection.prototype, 'foretell');
    meanwhile = () => undefined;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await world.close();
  });

  /** What the third one hears of `next`, in this order; then nothing any more. */
  const hears = (...statuses: readonly ReleaseSummary['status'][]): void => {
    const { client } = world.manager;
    const ask = client.awaitRelease.bind(client);
    const left = [...statuses];
    jest.spyOn(client, 'awaitRelease').mockImplementation((request) => {
      if (request.xid !== next.xid) return ask(request);
      const status = left.shift();
      if (status === undefined) return new Promise(() => undefined);
      return Promise.resolve({ xid: next.xid, status, branches: [] });
    });
  };

  /**
   * A third one queues behind `next`, which gets the row and keeps it.
   *
   * @returns how its write ended
   */
  async function third(
    work: (session: Session) => Promise<unknown> = (own) => own.query(TAKE),
  ): Promise<{ readonly session: Session; readonly outcome: unknown }> {
    const taking = next.run(() => world.autocommit(TAKE));
    const session = await world.session();
    await until(() => world.resource.lockWaiter.isContended({ text: TAKE, values: [] }));
    const entered = jest.spyOn(RowQueue.prototype, 'enter');
    const waiting = world.manager.run({ name: 'third' }, async () => {
      await session.query('BEGIN');
      const outcome = await work(session).catch((error: unknown) => error);
      await session.query('ROLLBACK');
      return outcome;
    });
    // One that comes when `next` has the row already runs into it first, and foretells nothing.
    await until(() => entered.mock.calls.length > 0);
    await holder.commit();
    await taking;
    await until(() => said.mock.calls.length > 0);
    meanwhile();
    return { session, outcome: await waiting };
  }

  /** `next` is rolled back, which restores the row unless somebody has taken it over. */
  async function expectKept(session: Session): Promise<void> {
    session.release();
    jest.restoreAllMocks();
    await next.rollback();
    expect(await world.balances()).toEqual([90, 100]);
    await world.untilClean();
  }

  it.each(['rolled-back', 'active'] as const)(
    'is taken back when the holder is %s: it keeps its row',
    async (status) => {
      hears(status);

      const { outcome, session } = await third();

      expect(outcome).toMatchObject({ code: 'DTX_ERR_RM_LOCK_CONFLICT', holderXid: next.xid });
      await expectKept(session);
    },
  );

  it('is taken back when somebody knows better than to wait for the decision', async () => {
    hears();
    meanwhile = () => {
      hears('active');
      world.resource.lockWaiter.freed([next.xid]);
    };

    const { outcome, session } = await third();

    expect(outcome).toMatchObject({ code: 'DTX_ERR_RM_LOCK_CONFLICT', holderXid: next.xid });
    await expectKept(session);
  });

  it('stands in the way of all that follows when it cannot be taken back', async () => {
    hears('rolled-back');
    const { ahead } = Mysql2Connection.prototype;
    jest.spyOn(Mysql2Connection.prototype, 'ahead').mockImplementation(function (
      this: Mysql2Connection,
      text,
    ) {
      return text.endsWith('NULL')
        ? Promise.reject(new Error('interrupted'))
        : ahead.call(this, text);
    });

    const { outcome, session } = await third(async (own) => {
      await own.query(TAKE).catch(() => undefined);
      await own.query(TAKE);
    });

    expect(outcome).toEqual(new Error('interrupted'));
    await expectKept(session);
  });

  it('is not there any more for whoever has the connection next', async () => {
    hears('active');
    const { session } = await third();

    const left = await session.query('SELECT @dtx_released AS released');

    expect(left).toEqual([[{ released: null }], expect.anything()]);
    session.release();
  });
});
