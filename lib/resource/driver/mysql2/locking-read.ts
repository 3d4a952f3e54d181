import type { AtResource, LockedRead } from '../../at/index.js';
import { refusalOf } from '../../at/index.js';
import type { HeldRows, HoldableTable } from '../../at/mysql/index.js';
import { heldRowsOf } from '../../at/mysql/index.js';
import type { FromTable, LockingRead, NotUnderstood } from '../sql/index.js';
import { sliceLockingRead } from '../sql/index.js';
import { callsUnknown } from './built-in-calls.js';
import { classifyStatement } from './classify-statement.js';
import type { CoreConnection } from './mysql2-driver.js';
import type { Mysql2Answer, Mysql2Request } from './mysql2-request.js';
import { mysqlDialect } from './mysql-dialect.js';
import { PLACE_COLUMN, takePlaces, tellingOptions } from './place-columns.js';
import { scanStatements } from './sql-scanner.js';

const ATTEMPTS = 3;

const RESHAPED = 'the key of one of its tables is being changed. Run it again later.';

/** A table whose rows a statement locks, as it is called there. */
interface LockedTable {
  readonly table: HoldableTable;
  readonly reference: string;
}

/** Reads with locks over one connection, and looks who holds the rows. */
export class LockingReads {
  readonly #core: CoreConnection;
  readonly #resource: AtResource;
  readonly #send: (request: Mysql2Request) => Promise<Mysql2Answer>;

  constructor(
    core: CoreConnection,
    resource: AtResource,
    send: (request: Mysql2Request) => Promise<Mysql2Answer>,
  ) {
    this.#core = core;
    this.#resource = resource;
    this.#send = send;
  }

  /** @throws StatementRefusedError it cannot be told which rows it would lock; nothing was sent */
  async read(request: Mysql2Request, xid: string | undefined): Promise<LockedRead<Mysql2Answer>> {
    const refuse = ({ reason }: NotUnderstood): Error =>
      refusalOf({ xid }, { ...classifyStatement(request.text), reason });
    const slice = sliceMysql(request.text);
    if ('reason' in slice) throw refuse(slice);
    const heldRows = heldRowsOf(this.#resource.engine);
    for (let attempt = 1; ; attempt += 1) {
      const tables = await lockedTables(heldRows, slice.tables);
      if ('reason' in tables) throw refuse(tables);
      const told = request.changed(({ sql, ...options }) =>
        tellingOptions({ ...options, sql: withColumns(sql, slice, tables) }, this.#core.config),
      );
      const { places, ...result } = takePlaces(await this.#send(told), tables.length);
      const locked = tables.map(({ table }, index) => ({ table, keys: places[index] ?? [] }));
      const conflict = await heldRows.holderOf(locked, xid);
      if (conflict !== 'stale') return { result, conflict };
      // The table is locked as it is now, so once more should be enough.
      if (attempt === ATTEMPTS) throw refuse({ reason: RESHAPED });
    }
  }
}

async function lockedTables(
  heldRows: HeldRows,
  named: readonly FromTable[],
): Promise<readonly LockedTable[] | NotUnderstood> {
  const tables: LockedTable[] = [];
  const { nameOf } = mysqlDialect(true);
  for (const { path, reference } of named) {
    const [name = '', database] = path.map(nameOf).reverse();
    const table = await heldRows.find(name, database);
    if (table === 'unknown') return { reason: noTable(name) };
    if (table !== 'unheld') tables.push({ table, reference });
  }
  return tables;
}

const noTable = (name: string): string =>
  `${name} is no table of the database of the data source, so it cannot be told which rows it ` +
  'locks. Name the tables of a view themselves, and read other databases without a lock.';

function withColumns(
  text: string,
  { insertAt, separator }: LockingRead,
  tables: readonly LockedTable[],
): string {
  if (tables.length === 0) return text;
  const columns = tables.map(
    ({ reference, table }, index) => `${table.keyOf(reference)} AS ${PLACE_COLUMN}${String(index)}`,
  );
  return `${text.slice(0, insertAt)}${separator}${columns.join(', ')} ${text.slice(insertAt)}`;
}

/** Takes the statement apart, however the session reads its strings. */
function sliceMysql(text: string): LockingRead | NotUnderstood {
  const { hasBackslash } = scanStatements(text);
  const dialect = mysqlDialect(true);
  if (dialect.scan(text).some((token) => token.kind === 'mark' && token.text.length > 1)) {
    return unclear('an executable comment', 'Write the statement out.');
  }
  const slice = sliceLockingRead(text, dialect);
  if ('reason' in slice) return slice;
  const list = scanStatements(text.slice(0, slice.insertAt)).statements.flat();
  // A stored function can make one row of many, as COUNT does.
  if (callsUnknown(list)) {
    return unclear('a stored function in its list', 'Call that in a statement of its own.');
  }
  if (!hasBackslash) return slice;
  const other = sliceLockingRead(text, mysqlDialect(false));
  if (JSON.stringify(other) === JSON.stringify(slice)) return slice;
  return unclear('a string with a backslash', 'Use a parameter for it.');
}

const unclear = (what: string, advice: string): NotUnderstood => ({
  reason: `it has ${what}, so it cannot be told which rows it locks. ${advice}`,
});
