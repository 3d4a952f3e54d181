import type { Statement, StatementKind } from '../../at/index.js';
import { callsUnknown } from './built-in-calls.js';
import type { SqlWord } from './sql-scanner.js';

type Words = readonly SqlWord[];
type Reader = (words: Words, label: string) => Statement;
type Rule = StatementKind | Reader;

/** What one statement does. */
export function classifyWords(words: Words): Statement {
  const verb = textAt(words, 0);
  const label = words.length > 1 && TWO_WORD_VERBS.has(verb) ? `${verb} ${textAt(words, 1)}` : verb;
  if (verb === '') return { kind: 'read', label: 'an empty statement' };
  const rule = RULES.get(verb);
  if (rule === undefined) return unknownRefused(label);
  return typeof rule === 'string' ? { kind: rule, label } : rule(words, label);
}

export function refused(label: string, reason: string): Statement {
  return { kind: 'refused', label, reason };
}

const TWO_WORD_VERBS: ReadonlySet<string> = new Set([
  ...['ALTER', 'ANALYZE', 'CREATE', 'DROP', 'LOAD', 'LOCK', 'RENAME', 'SET', 'START', 'UNLOCK'],
  ...['XA'],
]);

function textAt(words: Words, index: number): string {
  return words[index]?.text ?? '';
}

function unknownRefused(label: string): Statement {
  return refused(label, 'it is not known how to undo it. Run it outside the global transaction.');
}

const because =
  (reason: string): Reader =>
  (_words, label) =>
    refused(label, reason);

const ddl = because(
  'it commits the local transaction, and a change of the schema cannot be undone with the other ' +
    'branches. Run it before or after, for example in a migration.',
);
const truncate = because('it removes rows without an image to restore. Use DELETE FROM instead.');
const load = because('its rows cannot be sent again after a lock conflict. Use INSERT instead.');
const commits = because('it commits the local transaction. Run it outside the global transaction.');
const xa = because(
  'a prepared transaction outlives the branch. Leave two-phase commit to XA mode.',
);
const handler = because('it reads past transactions. Use SELECT instead.');
const fromText = because(
  'what it runs is not in this text. Use execute() of the driver for prepared statements.',
);

const select = (words: Words, label: string): Statement => {
  const intoFile = words.some(({ quoted, text }) => !quoted && FILES.has(text));
  if (intoFile) return refused('SELECT INTO a file', 'a file cannot be undone. Write it outside.');
  const locks = words.some(isLockingClause(words));
  const shown = locks ? `${label} … with a lock` : label;
  if (callsUnknown(words)) return { kind: 'write', label: shown, isLockingRead: locks };
  return { kind: locks ? 'locking-read' : 'read', label: shown };
};

const FILES: ReadonlySet<string> = new Set(['OUTFILE', 'DUMPFILE']);

/** `FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`. */
const isLockingClause =
  (words: Words) =>
  ({ quoted, text }: SqlWord, index: number): boolean => {
    if (quoted) return false;
    const next = textAt(words, index + 1);
    if (text === 'FOR') return next === 'UPDATE' || next === 'SHARE';
    return text === 'LOCK' && next === 'IN' && textAt(words, index + 2) === 'SHARE';
  };

const withQuery = (words: Words, label: string): Statement => {
  if (words.some((word, index) => isWriteVerb(words, word, index))) return { kind: 'write', label };
  return select(words, label);
};

/** `FOR UPDATE` locks, and INSERT(…) and REPLACE(…) are functions; everything else writes. */
function isWriteVerb(words: Words, word: SqlWord, index: number): boolean {
  if (word.quoted || word.qualified) return false;
  if (word.text === 'UPDATE') return textAt(words, index - 1) !== 'FOR';
  if (word.text === 'DELETE') return true;
  return WRITE_OR_CALL.has(word.text) && word.called === undefined;
}

const WRITE_OR_CALL: ReadonlySet<string> = new Set(['INSERT', 'REPLACE']);

/** MariaDB's ANALYZE runs what it explains; ANALYZE TABLE is maintenance. */
const analyze = (words: Words, label: string): Statement =>
  MAINTAINED.has(textAt(words, 1)) ? commits(words, label) : { kind: 'write', label };

const MAINTAINED: ReadonlySet<string> = new Set(['TABLE', 'TABLES', 'LOCAL', 'NO_WRITE_TO_BINLOG']);

const explain = (words: Words, label: string): Statement => {
  const runs = words.some((word) => word.text === 'ANALYZE' && !word.quoted);
  return { kind: runs ? 'write' : 'read', label };
};

const begin = (words: Words, label: string): Statement => {
  const next = textAt(words, 1);
  if (next === '' || next === 'WORK') return { kind: 'begin', label };
  return refused('BEGIN NOT ATOMIC', 'it is a program, not a statement. Send its statements.');
};

const start = (words: Words, label: string): Statement =>
  textAt(words, 1) === 'TRANSACTION' ? { kind: 'begin', label } : unknownRefused(label);

const rollback = (words: Words, label: string): Statement => {
  const texts = words.map((word) => word.text);
  if (texts.includes('TO')) return { kind: 'savepoint', label: 'ROLLBACK TO' };
  return endOfTransaction('rollback')(words, label);
};

const endOfTransaction =
  (kind: StatementKind) =>
  (words: Words, label: string): Statement => {
    const texts = words.map((word) => word.text);
    const goesOn = ['CHAIN', 'RELEASE'].find(
      (option) => texts.includes(option) && texts[texts.indexOf(option) - 1] !== 'NO',
    );
    if (goesOn === undefined) return { kind, label };
    const reason = 'the seam must see how the connection goes on. End it, and then go on.';
    return refused(`${label} ${goesOn}`, reason);
  };

const setting = (words: Words, label: string): Statement => {
  const texts = words.map((word) => nameOfVariable(word.text));
  if (texts[1] === 'STATEMENT') return settingOfStatement(words, label);
  if (texts.some((text) => CONTROLS.has(text))) {
    const reason = 'it changes when transactions end. Use START TRANSACTION and COMMIT.';
    return refused('SET of autocommit or completion_type', reason);
  }
  if (texts[1] === 'PASSWORD') return commits(words, label);
  if (texts[1] === 'TRANSACTION') return { kind: 'read', label };
  return { kind: callsUnknown(words) ? 'write' : 'read', label: 'SET' };
};

function nameOfVariable(text: string): string {
  return text
    .replaceAll('`', '')
    .toUpperCase()
    .replace(/^@@(?:(?:SESSION|GLOBAL|LOCAL)\.)?/, '');
}

const CONTROLS: ReadonlySet<string> = new Set(['AUTOCOMMIT', 'COMPLETION_TYPE']);

/** `SET STATEMENT max_statement_time = 1 FOR UPDATE …` */
function settingOfStatement(words: Words, label: string): Statement {
  const from = words.findIndex(({ quoted, text }) => text === 'FOR' && !quoted);
  const inner = classifyWords(from === -1 ? [] : words.slice(from + 1));
  const isControl = !SET_STATEMENT_KINDS.has(inner.kind);
  return isControl ? unknownRefused(`${label} ${inner.label}`) : inner;
}

const SET_STATEMENT_KINDS: ReadonlySet<StatementKind> = new Set([
  'read',
  'write',
  'locking-read',
  'refused',
]);

const doCalls = (words: Words, label: string): Statement => ({
  kind: callsUnknown(words) ? 'write' : 'read',
  label,
});

const each = (verbs: string, rule: Rule): readonly (readonly [string, Rule])[] =>
  verbs.split(' ').map((verb) => [verb, rule]);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...each('SELECT VALUES TABLE', select),
  ...each('INSERT UPDATE DELETE REPLACE CALL', 'write'),
  ...each('SHOW USE HELP KILL DEALLOCATE GET', 'read'),
  ...each('EXPLAIN DESCRIBE DESC', explain),
  ...each('SAVEPOINT RELEASE', 'savepoint'),
  ...each('PREPARE EXECUTE', fromText),
  ...each('LOCK UNLOCK FLUSH RESET CACHE CHECK OPTIMIZE REPAIR BACKUP', commits),
  ...each('ALTER CREATE DROP RENAME GRANT REVOKE INSTALL UNINSTALL', ddl),
  ['WITH', withQuery],
  ['DO', doCalls],
  ['BEGIN', begin],
  ['START', start],
  ['COMMIT', endOfTransaction('commit')],
  ['ROLLBACK', rollback],
  ['SET', setting],
  ['ANALYZE', analyze],
  ['TRUNCATE', truncate],
  ['LOAD', load],
  ['XA', xa],
  ['HANDLER', handler],
]);
