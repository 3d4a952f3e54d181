import type { Statement, StatementKind } from '../../at/index.js';
import type { SqlWord } from './sql-scanner.js';
import { scanStatements } from './sql-scanner.js';

/**
 * Says what a text sent to PostgreSQL would do to a branch. What it does not know is refused: a
 * statement without undo must not slip through.
 *
 * The answer decides only when a branch is opened and registered. What is captured is decided by
 * triggers in the database, whatever the text says.
 */
export function classifyStatement(sql: string): Statement {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  const statement = classifyAll(scanStatements(sql));
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

function classifyAll(statements: readonly (readonly SqlWord[])[]): Statement {
  const kinds = statements.map(classifyOne);
  const [first] = kinds;
  if (first === undefined) return { kind: 'read', label: 'an empty statement' };
  if (kinds.length === 1) return first;
  const refused = kinds.find((statement) => statement.kind === 'refused');
  if (refused !== undefined) return refused;
  const control = kinds.find((statement) => CONTROL.has(statement.kind));
  if (control !== undefined) return severalRefused(control.label);
  const locks = kinds.find((statement) => statement.kind === 'locking-read');
  // Nothing takes apart what is more than one statement, so this is refused under a lock, too.
  if (locks !== undefined) return locks;
  const strongest = WRITE_ORDER.find((kind) => kinds.some((statement) => statement.kind === kind));
  return { kind: strongest ?? 'read', label: first.label };
}

const CONTROL: ReadonlySet<StatementKind> = new Set(['begin', 'commit', 'rollback', 'savepoint']);
const WRITE_ORDER: readonly StatementKind[] = ['write', 'maybe-write'];

function severalRefused(label: string): Statement {
  return {
    kind: 'refused',
    label: `${label} in one text with other statements`,
    reason: 'its end would pass before the branch is registered. Send it as a query of its own.',
  };
}

type Rule = StatementKind | ((words: readonly SqlWord[], label: string) => Statement);

function classifyOne(words: readonly SqlWord[]): Statement {
  const verb = words[0]?.text ?? '';
  const label = words.length > 1 && TWO_WORD_VERBS.has(verb) ? `${verb} ${textAt(words, 1)}` : verb;
  const rule = RULES.get(verb);
  if (rule === undefined) return unknownRefused(label);
  return typeof rule === 'string' ? { kind: rule, label } : rule(words, label);
}

const TWO_WORD_VERBS: ReadonlySet<string> = new Set(['ALTER', 'CREATE', 'DROP', 'PREPARE']);

function textAt(words: readonly SqlWord[], index: number): string {
  return words[index]?.text ?? '';
}

function unknownRefused(label: string): Statement {
  const reason = 'it is not known how to undo it. Run it outside the global transaction.';
  return { kind: 'refused', label, reason };
}

const ddl = (_words: readonly SqlWord[], label: string): Statement => ({
  kind: 'refused',
  label,
  reason:
    'a change of the schema cannot be undone with the other branches. Run it before or after, ' +
    'for example in a migration.',
});

const truncate = (_words: readonly SqlWord[], label: string): Statement => ({
  kind: 'refused',
  label,
  reason: 'it removes rows without an image to restore. Use DELETE FROM instead.',
});

const select = (words: readonly SqlWord[], label: string): Statement => {
  if (words.some((word) => word.text === 'INTO' && !word.quoted)) return ddl(words, 'SELECT INTO');
  if (words.some((word, index) => isLockClause(words, word, index))) {
    return { kind: 'locking-read', label: `${label} … FOR ${lockOf(words)}` };
  }
  const calls = words.some((word) => word.called && !isHarmlessCall(word));
  return { kind: calls ? 'maybe-write' : 'read', label };
};

/** `FOR UPDATE`, `FOR NO KEY UPDATE`, `FOR SHARE`, `FOR KEY SHARE`. */
function isLockClause(words: readonly SqlWord[], word: SqlWord, index: number): boolean {
  if (word.quoted || word.text !== 'FOR') return false;
  const [first, second, third] = [1, 2, 3].map((step) => textAt(words, index + step));
  if (first === 'UPDATE' || first === 'SHARE') return true;
  if (first === 'KEY') return second === 'SHARE';
  return first === 'NO' && second === 'KEY' && third === 'UPDATE';
}

/** The strength of its lock, for messages. */
function lockOf(words: readonly SqlWord[]): string {
  const at = words.findIndex((word, index) => isLockClause(words, word, index));
  const behind = words.slice(at + 1, at + 4).map(({ text }) => text);
  const end = behind.findIndex((text) => text === 'UPDATE' || text === 'SHARE');
  return behind.slice(0, end + 1).join(' ');
}

const withQuery = (words: readonly SqlWord[], label: string): Statement => {
  if (words.some((word, index) => isWriteVerb(words, word, index))) return { kind: 'write', label };
  return select(words, label);
};

/** `FOR UPDATE` and `FOR NO KEY UPDATE` lock; every other UPDATE writes. */
function isWriteVerb(words: readonly SqlWord[], word: SqlWord, index: number): boolean {
  if (word.quoted) return false;
  if (word.text === 'UPDATE') return !['FOR', 'KEY'].includes(textAt(words, index - 1));
  return ['INSERT', 'DELETE', 'MERGE'].includes(word.text);
}

const explain = (words: readonly SqlWord[], label: string): Statement => {
  const runs = words.some((word) => word.text === 'ANALYZE' || word.text === 'ANALYSE');
  return { kind: runs ? 'write' : 'read', label };
};

const copy = (words: readonly SqlWord[], label: string): Statement => {
  const intoTable = words.some((word) => word.text === 'FROM') && !words[0]?.called;
  if (!intoTable) {
    const copied = select(words, label);
    return copied.kind === 'locking-read' ? copied : { kind: 'maybe-write', label };
  }
  return {
    kind: 'refused',
    label: 'COPY FROM',
    reason: 'its rows come as a stream that cannot be run again after a lock conflict. Use INSERT.',
  };
};

const rollback = (words: readonly SqlWord[], label: string): Statement => {
  const texts = words.map((word) => word.text);
  if (texts.includes('TO')) return { kind: 'savepoint', label: 'ROLLBACK TO' };
  return endOfTransaction('rollback')(words, label);
};

const endOfTransaction =
  (kind: StatementKind) =>
  (words: readonly SqlWord[], label: string): Statement => {
    const texts = words.map((word) => word.text);
    if (texts.includes('PREPARED')) return preparedRefused(`${label} PREPARED`);
    if (!texts.includes('CHAIN') || texts.includes('NO')) return { kind, label };
    return {
      kind: 'refused',
      label: `${label} AND CHAIN`,
      reason: 'the chained transaction would be no branch. End it, and begin a new one.',
    };
  };

const prepare = (words: readonly SqlWord[], label: string): Statement =>
  textAt(words, 1) === 'TRANSACTION' ? preparedRefused(label) : preparedStatement(words, label);

/** What is prepared runs later, by EXECUTE, where its text is not seen. */
function preparedStatement(words: readonly SqlWord[], label: string): Statement {
  const locks = words.some((word, index) => isLockClause(words, word, index));
  return locks ? { kind: 'locking-read', label } : { kind: 'read', label };
}

function preparedRefused(label: string): Statement {
  const reason = 'a prepared transaction outlives the branch. Leave two-phase commit to XA mode.';
  return { kind: 'refused', label, reason };
}

const setting = (words: readonly SqlWord[], label: string): Statement => {
  const texts = words.map((word) => word.text.toUpperCase().replaceAll('"', ''));
  // Settings of one row of words: DTX, XID … name the mark of the branch; ALL would take it away.
  if (!texts.includes('DTX') && !(label === 'RESET' && texts.includes('ALL'))) {
    return { kind: 'read', label };
  }
  return {
    kind: 'refused',
    label,
    reason: 'it would remove the mark of the branch, and with it capture. Reset single settings.',
  };
};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['SELECT', select],
  ['VALUES', select],
  ['TABLE', select],
  ['WITH', withQuery],
  ['INSERT', 'write'],
  ['UPDATE', 'write'],
  ['DELETE', 'write'],
  ['MERGE', 'write'],
  ['CALL', 'write'],
  ['DO', 'write'],
  ['EXECUTE', 'write'],
  ['BEGIN', 'begin'],
  ['START', 'begin'],
  ['COMMIT', endOfTransaction('commit')],
  ['END', endOfTransaction('commit')],
  ['ROLLBACK', rollback],
  ['ABORT', endOfTransaction('rollback')],
  ['SAVEPOINT', 'savepoint'],
  ['RELEASE', 'savepoint'],
  ['EXPLAIN', explain],
  ['COPY', copy],
  ['PREPARE', prepare],
  ['SET', setting],
  ['RESET', setting],
  ...['SHOW', 'LISTEN', 'UNLISTEN', 'NOTIFY', 'DEALLOCATE', 'LOCK', 'CHECKPOINT', 'LOAD'].map(
    (verb): [string, Rule] => [verb, 'read'],
  ),
  ...['DECLARE', 'FETCH', 'MOVE', 'CLOSE'].map((verb): [string, Rule] => [verb, select]),
  ['TRUNCATE', truncate],
  ...['ALTER', 'CREATE', 'DROP', 'COMMENT', 'GRANT', 'REVOKE', 'REINDEX', 'CLUSTER', 'VACUUM'].map(
    (verb): [string, Rule] => [verb, ddl],
  ),
  ...['ANALYZE', 'REFRESH', 'SECURITY', 'IMPORT', 'REASSIGN', 'DISCARD'].map(
    (verb): [string, Rule] => [verb, ddl],
  ),
]);

/** Words before a parenthesis that are syntax, types, or functions of the server that only read. */
function isHarmlessCall(word: SqlWord): boolean {
  return !word.quoted && HARMLESS_CALLS.has(word.text);
}

const HARMLESS_CALLS: ReadonlySet<string> = new Set(
  `ALL AND ANY ARRAY AS BETWEEN BY CASE CAST DISTINCT ELSE EXCEPT EXISTS EXTRACT FILTER FROM GROUP
  HAVING ILIKE IN INNER INTERSECT INTERVAL IS JOIN LATERAL LEFT LIKE LIMIT MATERIALIZED NOT OFFSET
  ON OR ORDER OVER OVERLAY PARTITION POSITION ROW SELECT SETS SIMILAR SOME SUBSTRING THEN TRIM UNION
  USING VALUES WHEN WHERE WITH WITHIN
  BIT CHAR CHARACTER DECIMAL FLOAT NUMERIC TIME TIMESTAMP TIMESTAMPTZ VARBIT VARCHAR VARYING
  ABS ARRAY_AGG ARRAY_LENGTH AVG BOOL_AND BOOL_OR CARDINALITY CEIL CEILING CHAR_LENGTH
  CLOCK_TIMESTAMP COALESCE CONCAT CONCAT_WS COUNT CURRENT_DATABASE CURRENT_SCHEMA CURRENT_SETTING
  DATE_PART DATE_TRUNC DENSE_RANK FIRST_VALUE FLOOR FORMAT GEN_RANDOM_UUID GENERATE_SERIES GREATEST
  GROUPING JSON_AGG JSON_BUILD_ARRAY JSON_BUILD_OBJECT JSONB_AGG JSONB_ARRAY_ELEMENTS
  JSONB_BUILD_ARRAY JSONB_BUILD_OBJECT LAG LAST_VALUE LEAD LEAST LENGTH LOWER MAX MD5 MIN MOD NOW
  NULLIF PERCENTILE_CONT POWER RANDOM RANK REGEXP_REPLACE REPLACE RIGHT ROUND ROW_NUMBER ROW_TO_JSON
  SPLIT_PART SQRT STRING_AGG STRPOS SUBSTR SUM TO_CHAR TO_DATE TO_JSON TO_JSONB TO_NUMBER
  TO_TIMESTAMP TO_TSQUERY TO_TSVECTOR TRUNC UNNEST UPPER VERSION`
    .split(/\s+/)
    .filter((word) => word.length > 0),
);
