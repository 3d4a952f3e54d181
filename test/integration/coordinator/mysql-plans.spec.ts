import type { Pool, RowDataPacket } from 'mysql2/promise';

import {
  INSERT_SESSIONS,
  LOAD_SESSIONS,
  LISTINGS,
  LOCK_ENDED,
  LOCK_HELD,
  LOCK_LAPSED,
  UPDATE_COLUMNS,
  UPDATE_SESSIONS,
} from '../../../lib/coordinator/store/mysql/statements.js';
import { SESSION_COLUMNS, rowOf } from '../../../lib/coordinator/store/session-codec.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { NOW, session } from './store-conformance/sessions.js';
import { openMysqlWorld } from './support/mysql-world.js';

const TABLE = 'dtx_coordinator_session';

describeMariadb('The plans of a coordinator store in MariaDB', () => {
  it('go by an index, and sort nothing, in a full table that nobody has analysed', async () => {
    const world = await openMysqlWorld();
    await world.open();
    await fill(world.plain, 30_000);
    const update = UPDATE_COLUMNS.map((column) => (column === 'xid' ? 'filled-7' : null));
    const plans = {
      update: await planOf(world.plain, UPDATE_SESSIONS, [JSON.stringify([update])]),
      load: await planOf(world.plain, LOAD_SESSIONS, ['[["filled-7","default"]]']),
      claim: await planOf(world.plain, LOCK_LAPSED, [NOW, 'node-b', NOW, 100]),
      handOver: await planOf(world.plain, LOCK_HELD, [NOW, 'node-b']),
      purge: await planOf(world.plain, LOCK_ENDED, [NOW, 100]),
      lastEnded: await planOf(world.plain, LISTINGS.ended, [null, null, 20]),
    };
    await world.close();

    expect(plans).toEqual({
      update: { key: 'session_key', type: 'eq_ref', isSorted: false },
      load: { key: 'session_key', type: 'eq_ref', isSorted: false },
      claim: { key: 'session_lease', type: 'range', isSorted: false },
      handOver: { key: 'session_lease', type: 'range', isSorted: false },
      purge: { key: 'session_lease', type: 'range', isSorted: false },
      lastEnded: { key: 'session_lease', type: 'range', isSorted: false },
    });
  });
});

async function fill(pool: Pool, count: number): Promise<void> {
  for (let first = 0; first < count; first += 3_000) {
    const lists = Array.from({ length: 3_000 }, (_, index) => {
      const row = rowOf(session({ xid: `filled-${first + index}`, leaseUntilMs: NEVER_MS }));
      return SESSION_COLUMNS.map((column) => row[column]);
    });
    await pool.query(INSERT_SESSIONS, [JSON.stringify(lists)]);
  }
}

/** How the server means to get at the rows of the table. */
async function planOf(pool: Pool, sql: string, values: readonly (string | number | null)[]) {
  const [steps] = await pool.query<RowDataPacket[]>(`EXPLAIN ${sql}`, [...values]);
  const step = steps.find(({ table }) => table === 's' || table === TABLE);
  const isSorted = String(step?.['Extra']).includes('filesort');
  return { key: step?.['key'] as unknown, type: step?.['type'] as unknown, isSorted };
}
