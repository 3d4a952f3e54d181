import type { Statement, StatementKind } from '../../at/index.js';

/** Whether SQLite says that the text writes nothing; asked only where its verb does not tell. */
export type IsReadOnly = (sql: string) => boolean;

const BLANK = /(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/y;
const WORD = /[A-Za-z_]+/y;

/**
 * Says what a text sent to SQLite would do to a branch. What it does not know is refused: a
 * statement without undo must not slip through. A text holds one statement, since the driver takes
 * no more.
 */
export function classifyStatement(sql: string, isReadOnly: IsReadOnly): Statement {
  const { end, word: verb } = wordAt(sql, 0);
  if (verb === '') return { kind: 'read', label: 'an empty statement' };
  const rule = RULES[verb];
  if (rule === undefined) return refused(verb, UNKNOWN);
  if (typeof rule === 'string') return { kind: rule, label: verb };
  return rule(sql, end, isReadOnly);
}

/** Whether the text changes a schema, so that SQLite looks at every trigger. */
export function changesSchema(sql: string): boolean {
  for (const start of ORDINARY) if (sql.startsWith(start)) return false;
  return SCHEMA_VERBS.has(wordAt(sql, 0).word);
}

/**
 * Beginnings of texts that need no closer look, which costs at every statement of everybody. A
 * regular expression cost four times as much.
 */
const ORDINARY = ['SELECT ', 'INSERT ', 'UPDATE ', 'DELETE ', 'BEGIN ', 'COMMIT'] as const;

/** Whether the text goes back to a savepoint. */
export function isRollbackTo({ label }: Statement): boolean {
  return label === ROLLBACK_TO;
}

function wordAt(sql: string, from: number): { readonly word: string; readonly end: number } {
  BLANK.lastIndex = from;
  const start = BLANK.test(sql) ? BLANK.lastIndex : from;
  WORD.lastIndex = start;
  const word = WORD.exec(sql)?.[0] ?? '';
  return { word: word.toUpperCase(), end: start + word.length };
}

function refused(label: string, reason: string): Statement {
  return { kind: 'refused', label, reason };
}

const UNKNOWN = 'it is not known how to undo it. Run it outside the global transaction.';

const SCHEMA =
  'a change of the schema cannot be undone with the other branches. Run it before or after, for ' +
  'example in a migration.';

const ROLLBACK_TO = 'ROLLBACK TO';

type Rule = StatementKind | ((sql: string, end: number, isReadOnly: IsReadOnly) => Statement);

const withQuery: Rule = (sql, _end, isReadOnly) => ({
  kind: isReadOnly(sql) ? 'read' : 'write',
  label: 'WITH',
});

const rollback: Rule = (sql, end) => {
  const first = wordAt(sql, end);
  const word = first.word === 'TRANSACTION' ? wordAt(sql, first.end).word : first.word;
  return word === 'TO'
    ? { kind: 'savepoint', label: ROLLBACK_TO }
    : { kind: 'rollback', label: 'ROLLBACK' };
};

const pragma: Rule = (sql, end) => {
  const first = wordAt(sql, end);
  const isQualified = sql.charAt(first.end) === '.';
  const name = isQualified ? wordAt(sql, first.end + 1) : first;
  const label = `PRAGMA ${name.word.toLowerCase()}`;
  const isBare = /^\s*;?\s*$/.test(sql.slice(name.end));
  if (READING_PRAGMAS.has(name.word) || (isBare && !ACTING_PRAGMAS.has(name.word))) {
    return { kind: 'read', label };
  }
  return refused(
    label,
    'it changes how the connection or the file works for everybody. Set it before, for example ' +
      'in prepareDatabase.',
  );
};

/** Pragmas that change nothing that outlives the local transaction, with or without arguments. */
const READING_PRAGMAS: ReadonlySet<string> = new Set(
  `READ_UNCOMMITTED DEFER_FOREIGN_KEYS TABLE_INFO TABLE_XINFO TABLE_LIST INDEX_LIST INDEX_INFO
  INDEX_XINFO FOREIGN_KEY_LIST FOREIGN_KEY_CHECK DATABASE_LIST COLLATION_LIST FUNCTION_LIST
  MODULE_LIST PRAGMA_LIST COMPILE_OPTIONS INTEGRITY_CHECK QUICK_CHECK`.split(/\s+/),
);

/** Pragmas that do something when they are only named. */
const ACTING_PRAGMAS: ReadonlySet<string> = new Set(
  'INCREMENTAL_VACUUM OPTIMIZE SHRINK_MEMORY WAL_CHECKPOINT'.split(' '),
);

const schemaChange =
  (verb: string): Rule =>
  () =>
    refused(verb, SCHEMA);

const SCHEMA_VERBS: ReadonlySet<string> = new Set(
  'CREATE ALTER DROP REINDEX VACUUM ANALYZE ATTACH DETACH'.split(' '),
);

const RULES: Readonly<Record<string, Rule | undefined>> = {
  SELECT: 'read',
  VALUES: 'read',
  EXPLAIN: 'read',
  WITH: withQuery,
  INSERT: 'write',
  REPLACE: 'write',
  UPDATE: 'write',
  DELETE: 'write',
  BEGIN: 'begin',
  COMMIT: 'commit',
  END: 'commit',
  ROLLBACK: rollback,
  SAVEPOINT: 'savepoint',
  RELEASE: 'savepoint',
  PRAGMA: pragma,
  ...Object.fromEntries([...SCHEMA_VERBS].map((verb) => [verb, schemaChange(verb)])),
};
