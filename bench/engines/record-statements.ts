import type { SessionRow } from '../../lib/coordinator/store/session-codec.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS, rowOf } from '../support/product.js';
import { lifeOf } from '../support/session-life.js';

type Value = string | number | null;

/** What to run for one record, and with what. */
export interface RecordStatement {
  readonly kind: 'insert' | 'update';
  readonly values: readonly Value[];
}

/** The texts of both kinds of statement; `mark` is the placeholder of the n-th value from 1 on. */
export function statementTexts(
  table: string,
  mark: (place: number) => string,
): Readonly<Record<RecordStatement['kind'], string>> {
  const marks = SESSION_COLUMNS.map((_column, index) => mark(index + 1));
  const sets = CHANGING_COLUMNS.map((column, index) => `${column} = ${mark(index + 1)}`);
  const conditions = ['namespace', 'xid', 'version', 'epoch'].map(
    (column, index) => `${column} = ${mark(CHANGING_COLUMNS.length + index + 1)}`,
  );
  return {
    insert: `INSERT INTO ${table} (${SESSION_COLUMNS.join(', ')}) VALUES (${marks.join(', ')})`,
    update: `UPDATE ${table} SET ${sets.join(', ')} WHERE ${conditions.join(' AND ')}`,
  };
}

/** The five records of a transaction with two branches; only its xid is new each time. */
export function lifeStatements(resourceIds: readonly string[]): (xid: string) => RecordStatement[] {
  const life = lifeOf({ nowMs: Date.now(), resourceIds, direction: 'commit' });
  const rows = life.map(rowOf);
  return (xid) =>
    rows.map((row, index) => {
      const before = rows[index - 1];
      return before === undefined
        ? { kind: 'insert', values: SESSION_COLUMNS.map((name) => valueOf(row, name, xid)) }
        : { kind: 'update', values: updateValues(row, before, xid) };
    });
}

function updateValues(row: SessionRow, before: SessionRow, xid: string): Value[] {
  const condition = [before.namespace, xid, before.version, before.epoch];
  return [...CHANGING_COLUMNS.map((name) => row[name]), ...condition];
}

function valueOf(row: SessionRow, name: keyof SessionRow, xid: string): Value {
  return name === 'xid' ? xid : row[name];
}

/** A write whose condition does not hold would be cheaper, and measure nothing. */
export function assertWritten(count: number | null | undefined): void {
  if (count !== 1) throw new Error(`A record was written ${String(count)} times.`);
}
