import Database from 'better-sqlite3';

import type { BranchTag } from '../../../lib/resource/at/index.js';
import { ConnectionCapture, SqliteAtEngine } from '../../../lib/resource/at/sqlite/index.js';

/** What the test asks of this process. */
export interface Order {
  readonly id: number;
  readonly verb: 'begin' | 'write' | 'commit' | 'rows' | 'force-before';
  readonly tag: BranchTag;
  readonly sql: string;
}

const database = new Database(process.argv[1] ?? '', { timeout: 0 });
const capture = new ConnectionCapture(database);
const engine = new SqliteAtEngine({
  source: { withDatabase: async (work) => work(capture) },
  resourceId: 'shop',
});

const VERBS: Readonly<Record<Order['verb'], (order: Order) => unknown>> = {
  begin({ tag }) {
    capture.ready();
    database.exec('BEGIN');
    capture.mark(tag);
  },
  write({ sql }) {
    capture.beforeWrite(sql, []);
    database.prepare(sql).run();
  },
  commit() {
    database.exec('COMMIT');
    capture.unmark();
  },
  rows: ({ tag }) => engine.desk.rows({ xid: tag.xid }, 10),
  'force-before': ({ tag }) => engine.desk.order('force-before', { xid: tag.xid }),
};

async function carryOut(order: Order): Promise<void> {
  try {
    process.send?.({ id: order.id, result: await VERBS[order.verb](order) });
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    capture.unmark();
    process.send?.({ id: order.id, met: engine.explain(error), error: String(error) });
  }
}

process.on('message', (order: Order) => void carryOut(order));
void engine.install('check').then(() => process.send?.({ id: 0 }));
