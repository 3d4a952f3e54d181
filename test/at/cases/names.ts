import type { CaseGroup, Dialect } from '../work.js';

/** Names that have to be quoted, and such as our own tables and columns have. */
const TABLES = [`Odd "table"; it's`, 'select', 'xid', 'ÄÖ$1%s\\', 'line\nbreak\t`tick` ${x}'];

const quoting: Readonly<Record<Dialect, (name: string) => string>> = {
  postgres: (name) => `"${name.replaceAll('"', '""')}"`,
  mariadb: (name) => `\`${name.replaceAll('`', '``')}\``,
  sqlite: (name) => `"${name.replaceAll('"', '""')}"`,
};

const COLUMNS = [
  'The "Key"',
  'select',
  'pk',
  'tbl',
  'before',
  'after',
  'xid',
  'a,b',
  'ü$1',
  'back\\slash',
  'line\r\nbreak',
  '`tick` ${x} {values}',
  '成都',
  '__proto__',
  'constructor',
  "it's",
];

/** For each dialect the same texts, with its own quotes. */
function quoted<T>(text: (quote: (name: string) => string) => T): Readonly<Record<Dialect, T>> {
  return {
    postgres: text(quoting.postgres),
    mariadb: text(quoting.mariadb),
    sqlite: text(quoting.sqlite),
  };
}

export const NAMES: CaseGroup = {
  title: 'odd names',
  tables: quoted((quote) => TABLES.map(quote)),
  schema: quoted((quote) =>
    TABLES.map((table) => {
      const [key = '', ...others] = COLUMNS.map(quote);
      const columns = others.map((column) => `${column} VARCHAR(20)`).join(', ');
      return `CREATE TABLE ${quote(table)} (${key} VARCHAR(20) PRIMARY KEY, ${columns});`;
    }).join('\n'),
  ),
  seed: quoted((quote) =>
    TABLES.map((table) => {
      const values = COLUMNS.slice(1).map((_, n) => `'${String(n)}'`);
      return `INSERT INTO ${quote(table)} VALUES ('one', ${values.join(', ')}),
        ('two', ${values.join(', ')});`;
    }).join('\n'),
  ),
  cases: [
    {
      title: 'tables and columns that have to be quoted',
      work: quoted((quote) =>
        TABLES.map((table) => [
          `UPDATE ${quote(table)} SET ${quote('select')} = 'x', ${quote("it's")} = 'y'
           WHERE ${quote('The "Key"')} = 'one'`,
          `DELETE FROM ${quote(table)} WHERE ${quote('The "Key"')} = 'two'`,
          `INSERT INTO ${quote(table)} (${quote('The "Key"')}, ${quote('a,b')})
           VALUES ('new', 'z')`,
          `UPDATE ${quote(table)} SET ${quote('The "Key"')} = 'newer', ${quote('before')} = NULL
           WHERE ${quote('The "Key"')} = 'new'`,
        ]),
      ),
    },
  ],
};
