import type { Statement, StatementKind } from '../../at/index.js';
import { callsUnknown } from './built-in-calls.js';
import { classifyWords, refused } from './statement-rules.js';
import type { SqlScan, SqlWord } from './sql-scanner.js';
import { scanStatements } from './sql-scanner.js';

/**
 * Says what a text sent to MySQL or MariaDB would do to a branch. What it does not know is refused:
 * a statement without undo must not slip through.
 *
 * The answer decides when a branch is opened and registered. What is captured is decided by
 * triggers in the database, whatever the text says.
 */
export function classifyStatement(sql: string): Statement {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  const statement = classifyText(sql);
  if (sql.length <= CACHED_LENGTH_MAX) remember(sql, statement);
  return statement;
}

// Texts with inlined values are new every time, so the cache is small and forgets its oldest.
const CACHED_TEXTS_MAX = 1_000;
const CACHED_LENGTH_MAX = 10_000;
const cache = new Map<string, Statement>();

function remember(sql: string, statement: Statement): void {
  if (cache.size >= CACHED_TEXTS_MAX) {
    const oldest = cache.keys().next();
    if (oldest.done !== true) cache.delete(oldest.value);
  }
  cache.set(sql, statement);
}

function classifyText(sql: string): Statement {
  const scan = scanStatements(sql);
  const statement = classifyScan(scan);
  if (!scan.hasBackslash || !READS.has(statement.kind)) return statement;
  // Under NO_BACKSLASH_ESCAPES strings end elsewhere. What is no read then may write.
  const other = classifyScan(scanStatements(sql, false));
  return other.kind === statement.kind
    ? statement
    : { ...statement, kind: 'write', isLockingRead: locks(statement) || locks(other) };
}

const locks = ({ isLockingRead, kind }: Statement): boolean =>
  kind === 'locking-read' || isLockingRead === true;

const READS: ReadonlySet<StatementKind> = new Set(['read', 'locking-read']);

function classifyScan({ isGateUnsound, statements }: SqlScan): Statement {
  if (isGateUnsound) return gateRefused();
  const kinds = statements.map(classifyOne);
  const [first] = kinds;
  if (first === undefined) return { kind: 'read', label: 'an empty statement' };
  if (kinds.length === 1) return first;
  const refusedOne = kinds.find((statement) => statement.kind === 'refused');
  if (refusedOne !== undefined) return refusedOne;
  const control = kinds.find((statement) => CONTROL.has(statement.kind));
  if (control !== undefined) {
    return refused(
      `${control.label} in one text with other statements`,
      'its end would pass before the branch is registered. Send it as a query of its own.',
    );
  }
  const strongest = WRITE_ORDER.find((kind) => kinds.some((statement) => statement.kind === kind));
  const isLockingRead = kinds.some(locks);
  return { kind: strongest ?? 'read', label: first.label, isLockingRead };
}

const CONTROL: ReadonlySet<StatementKind> = new Set(['begin', 'commit', 'rollback', 'savepoint']);
const WRITE_ORDER: readonly StatementKind[] = ['write', 'locking-read'];

function classifyOne(words: readonly SqlWord[]): Statement {
  if (words.some((word) => word.text.startsWith('@DTX_'))) {
    return refused(
      'A statement that names @dtx_ variables',
      'they are the mark of the branch, and with it of capture. Use other names.',
    );
  }
  if (!words.some((word) => word.gated)) return classifyWords(words);
  return classifyGated(words);
}

/**
 * Whether a server runs an executable comment depends on its kind and version. What is certain
 * either way is allowed: the verb stands outside, and what is inside could not turn it around.
 */
function classifyGated(words: readonly SqlWord[]): Statement {
  const outside = words.filter((word) => !word.gated);
  const inside = words.filter((word) => word.gated);
  const statement = classifyWords(outside);
  if (statement.kind === 'refused') return statement;
  if (inside.every((word) => HINTS.has(word.text))) return statement;
  const isClauseOfWrite = statement.kind === 'write' && words[0]?.gated === false;
  const whole = classifyWords(words);
  if (isClauseOfWrite && whole.kind === 'write') return whole;
  // A read of every server, and one that calls nothing: such as an index hint.
  const reads = statement.kind === 'read' && whole.kind === 'read' && words[0]?.gated === false;
  return reads && !callsUnknown(inside) ? statement : gateRefused();
}

const HINTS: ReadonlySet<string> = new Set([
  'HIGH_PRIORITY',
  'SQL_BIG_RESULT',
  'SQL_BUFFER_RESULT',
  'SQL_CALC_FOUND_ROWS',
  'SQL_NO_CACHE',
  'SQL_SMALL_RESULT',
  'STRAIGHT_JOIN',
]);

function gateRefused(): Statement {
  return refused(
    'A text with an executable comment',
    'what it does depends on the server that reads it. Write the statement out.',
  );
}
