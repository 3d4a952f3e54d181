import { WriteRefusedError } from '../capture-errors.js';
import { rowsOf } from '../read-rows.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';

interface Opcode {
  readonly addr: number | bigint;
  readonly opcode: string;
  readonly p3: number | bigint;
}

/** Numbers of the main file and of the temporary schema in SQLite's own programs. */
const OWN_SCHEMAS_MAX = 1;

/**
 * Refuses a statement that writes where there are no triggers: into an attached file, or into a
 * virtual table itself. What a trigger of the user writes into a virtual table is well: it is
 * written again when the row comes back.
 *
 * @throws WriteRefusedError
 */
export function assertOnlyTables(
  database: SqliteDatabase,
  sql: string,
  values: readonly unknown[],
): void {
  const program = rowsOf<Opcode>(database, `EXPLAIN ${sql}`, ...values);
  const attached = program.find(
    ({ opcode, p3 }) => opcode === 'OpenWrite' && Number(p3) > OWN_SCHEMAS_MAX,
  );
  if (attached !== undefined) {
    throw new WriteRefusedError(
      'it writes into an attached file, which is not captured. Give that file a data source of ' +
        'its own.',
    );
  }
  if (mainProgram(program).some(({ opcode }) => opcode === 'VUpdate')) {
    throw new WriteRefusedError(
      'it writes into a virtual table, on which SQLite has no triggers. Write to it outside ' +
        'of the global transaction, or let a trigger of an ordinary table keep it up to date.',
    );
  }
}

/** Programs of triggers come behind the first one, and count from 0 again. */
function mainProgram(program: readonly Opcode[]): readonly Opcode[] {
  const end = program.findIndex(({ addr }, index) => index > 0 && Number(addr) === 0);
  return end === -1 ? program : program.slice(0, end);
}
