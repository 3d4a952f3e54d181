import { DataSource } from 'typeorm';

import { openPostgresStore } from '../../../../lib/coordinator/store/postgres/index.js';
import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { TestDatabase } from '../../../servers/test-database.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import { until } from '../../../support/until.js';
import {
  NOW,
  changeOf,
  claimOf,
  given,
  insertOf,
  purgeOf,
  session,
} from '../store-conformance/sessions.js';

const ROW_COUNT = 50_000;

/** Half of them open and not yet lapsed, half ended; written in one go, and never analysed. */
const FILL = `
INSERT INTO dtx_coordinator.session (namespace, xid, kind, name, application_id, status, timeout_ms,
  began_at_ms, ended_at_ms, due_at_ms, owner, epoch, lease_until_ms, version, attention_count,
  branches)
SELECT 'default', md5(i::text), 'two-phase', 'place-order', 'order-service', 'committing', 60000,
  ${NOW} - i, CASE WHEN i % 2 = 0 THEN ${NOW} - i END, ${NOW}, 'node-a', 1, ${NOW} + i, 1, 0, '[]'
FROM generate_series(1, ${ROW_COUNT}) AS i`;

const COUNTERS = `
SELECT (seq_tup_read + idx_tup_fetch)::int AS rows, idx_scan::int AS lookups
FROM pg_stat_user_tables WHERE schemaname = 'dtx_coordinator' AND relname = 'session'`;

const OTHER_SESSIONS = `
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;

interface Counters {
  /** Rows that were looked at, one by one or with the whole table. */
  readonly rows: number;
  readonly lookups: number;
}

const batchOf = (count: number) => {
  const known = Array.from({ length: count }, (_, index) => session({ xid: `known-${index}` }));
  const fresh = known.map(({ xid }) => session({ xid: `new-${xid}` }));
  return { known, fresh };
};

/** The server's own counters tell what a statement has read, whatever its plan looked like. */
describe('On a table that was just filled, PostgreSQL reads what it needs', () => {
  let database: TestDatabase;
  let store: SessionStore;
  let source: DataSource | undefined;
  beforeEach(async () => {
    database = await createTestDatabase();
    // Creates the tables, so that no store of a test does.
    await (await openPostgresStore({ url: database.url })).close();
    const pool = database.pool();
    await pool.query('ALTER TABLE dtx_coordinator.session SET (autovacuum_enabled = false)');
    await pool.end();
  });
  afterEach(async () => {
    if (source?.isInitialized) await source.destroy();
    source = undefined;
    await database.drop();
  });

  /** The counters, when the sessions that count have ended and so have reported. */
  async function counters(): Promise<Counters> {
    const pool = database.pool();
    await until(async () => (await pool.query(OTHER_SESSIONS)).rowCount === 0);
    const { rows } = await pool.query<Counters>(COUNTERS);
    await pool.end();
    return rows[0]!;
  }

  async function fill(): Promise<void> {
    const pool = database.pool();
    await pool.query(FILL);
    await pool.end();
  }

  /** All hot statements, with batches of one and of many. */
  async function work(rounds: number, prefix: string): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const { fresh, known } = batchOf(round % 2 === 0 ? 1 : 50);
      const named = <T extends { xid: string }>(one: T): T => ({
        ...one,
        xid: `${prefix}-${round}-${one.xid}`,
      });
      await given(store, ...known.map(named));
      await store.apply([
        ...known.map((one) => changeOf(named(one))),
        ...fresh.map(named).map(insertOf),
      ]);
      await store.load(known.map(named));
      await store.claim(claimOf({ nowMs: NOW - 1 }));
      await store.apply([purgeOf(0)]);
      await store.endedAtOfNewest(5);
    }
  }

  it.each(['of its own', 'of a data source'])('over connections %s', async (kind) => {
    if (kind === 'of its own') {
      store = await openPostgresStore({ url: database.url, connectionsMax: 1 });
    } else {
      source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
      store = await openPostgresStore({ dataSource: source });
    }
    // Plans that are kept are made now, when the table is empty.
    await work(6, 'first');
    await fill();
    await work(6, 'second');
    await store.close();
    await source?.destroy();

    const { lookups, rows } = await counters();

    // Some hundred rows of ours, each a few times. One look at the whole table would be above.
    expect(rows).toBeLessThan(ROW_COUNT / 5);
    expect(lookups).toBeGreaterThan(100);
  });
});
