import type { Session } from '../../../lib/coordinator/core/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import { findSqliteDriver } from '../../../lib/coordinator/store/sqlite/find-driver.js';
import { SESSIONS } from '../../../lib/coordinator/store/sqlite/migrations/0001-sessions.js';
import type {
  SqliteDatabase,
  SqliteValue,
} from '../../../lib/coordinator/store/sqlite/sqlite-database.interface.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { until } from '../../support/until.js';
import { NOW, branch, session } from '../../unit/coordinator/sessions.js';
import { statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { testFolder } from './support/test-folder.js';

type Row = Readonly<Record<string, SqliteValue>>;

const META = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('schema_version', '1'), ('epoch', '4');
`;

const SESSION_1: Row = {
  namespace: 'default',
  kind: 'two-phase',
  name: 'place-order',
  application_id: 'order-service',
  reason: null,
  rollback_only: null,
  timeout_ms: 60_000,
  began_at_ms: NOW - 1_000,
  due_at_ms: NOW + 59_000,
  owner: 'owner of version 1',
  epoch: 4,
  lease_until_ms: null,
  ended_at_ms: null,
};

const BRANCH_1: Row = {
  type: 'AT',
  resource_id: 'orders',
  application_id: 'order-service',
  data: null,
  status: 'registered',
  attempts: 0,
  due_at_ms: 0,
  last_error: null,
};

const SESSION_ROWS: readonly Row[] = [
  { ...SESSION_1, id: 1, xid: 'active', status: 'active', rollback_only: 'refused' },
  { ...SESSION_1, id: 2, xid: 'committing', status: 'committing', namespace: 'shop' },
  { ...SESSION_1, id: 4, xid: 'stuck', status: 'rolling-back', reason: 'timeout' },
  { ...SESSION_1, id: 7, xid: 'ended', status: 'committed', ended_at_ms: NOW - 10 },
];

const BRANCH_ROWS: readonly Row[] = [
  // In the order of their ids, which is not the one in which they came.
  { ...BRANCH_1, session_id: 1, branch_id: '10', seq: 2, data: 'opaque "data"\n' },
  { ...BRANCH_1, session_id: 1, branch_id: '9223372036854775807', seq: 1 },
  { ...BRANCH_1, session_id: 2, branch_id: '1', seq: 1, status: 'done' },
  { ...BRANCH_1, session_id: 2, branch_id: '2', seq: 2, attempts: 3, due_at_ms: NOW + 5 },
  {
    ...BRANCH_1,
    session_id: 4,
    branch_id: '1',
    seq: 1,
    status: 'needs-attention',
    attempts: 1,
    last_error: 'dirty row',
  },
];

function insert(database: SqliteDatabase, table: string, rows: readonly Row[]): void {
  for (const row of rows) {
    const columns = Object.keys(row);
    const marks = columns.map(() => '?').join(', ');
    database
      .prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
      .run(...Object.values(row));
  }
}

const BEGAN_AT_MS = session().beganAtMs;

/** What a session of version 1 is today. When it was decided is not known: after its begin. */
function kept(overrides: Partial<Session>): Session {
  const isActive = overrides.status === undefined;
  return session({
    decidedAtMs: isActive ? undefined : BEGAN_AT_MS,
    owner: 'owner of version 1',
    epoch: 4,
    version: 1,
    leaseUntilMs: NEVER_MS,
    branches: [],
    ...overrides,
  });
}

describe('A coordinator file of schema version 1', () => {
  const folder = testFolder();
  let file: string;

  beforeEach(async () => {
    file = folder.path('coordinator.db');
    const database = (await findSqliteDriver()).open(file);
    database.exec(META);
    database.exec(SESSIONS);
    insert(database, 'session', SESSION_ROWS);
    insert(database, 'branch', BRANCH_ROWS);
    database.close();
  });

  it('opens with all that is open, each branch in its place', async () => {
    const store = await openSqliteStore(file);

    const found = await store.load([
      { namespace: 'default', xid: 'active' },
      { namespace: 'shop', xid: 'committing' },
      { namespace: 'default', xid: 'stuck' },
    ]);

    expect(found).toEqual([
      kept({
        xid: 'active',
        rollbackOnly: 'refused',
        branches: [
          branch({ branchId: '9223372036854775807' }),
          branch({ branchId: '10', seq: 2, data: 'opaque "data"\n' }),
        ],
      }),
      kept({
        xid: 'committing',
        namespace: 'shop',
        status: 'committing',
        branches: [
          branch({ branchId: '1', status: 'done' }),
          branch({
            branchId: '2',
            seq: 2,
            attempts: 3,
            dueAtMs: NOW + 5,
            pendingSinceMs: BEGAN_AT_MS,
          }),
        ],
      }),
      kept({
        xid: 'stuck',
        status: 'rolling-back',
        reason: 'timeout',
        branches: [
          branch({
            branchId: '1',
            status: 'needs-attention',
            attempts: 1,
            lastError: 'dirty row',
          }),
        ],
      }),
    ]);
    await store.close();
  });

  it('answers for what has ended', async () => {
    const store = await openSqliteStore(file);

    const found = await store.load([{ namespace: 'default', xid: 'ended' }]);

    expect(found).toEqual([kept({ xid: 'ended', status: 'committed', endedAtMs: NOW - 10 })]);
    await store.close();
  });

  it('is brought up to date once', async () => {
    const first = await openSqliteStore(file);
    await first.close();

    const second = await openSqliteStore(file);

    expect(await second.load([{ namespace: 'default', xid: 'active' }])).toMatchObject([
      { xid: 'active', branches: [{ seq: 1 }, { seq: 2 }] },
    ]);
    await second.close();
  });

  it('is driven on by the coordinator that opens it', async () => {
    const store = await openSqliteStore(file);
    const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
    const shop = new EmbeddedClient(coordinator.namespace('shop'), () => Promise.resolve());
    const rest = new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
    const [ordersOfShop, orders] = [new FakeResource('orders'), new FakeResource('orders')];

    await shop.attach(ordersOfShop);
    await rest.attach(orders);

    // Its next attempt was due long ago, and rolling back goes from the last to the first.
    await until(async () => (await statusOf(shop, 'committing')) === 'committed');
    await until(async () => (await statusOf(rest, 'active')) === 'rolled-back');
    expect(ordersOfShop.transcript).toEqual(['commit 2']);
    expect(orders.transcript).toEqual(['rollback 10', 'rollback 9223372036854775807']);
    expect(await statusOf(rest, 'stuck')).toBe('rolling-back');
    await shop.close();
    await rest.close();
  });
});
