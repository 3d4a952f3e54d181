import { placeOfUrl } from '../../coordinator/store/index.js';
import { InvalidOptionError } from '../../protocol/index.js';
import type { AtEngine } from '../../resource/at/index.js';
import { visitSqlite } from '../../resource/driver/better-sqlite3/visit/index.js';
import { visitMysql } from '../../resource/driver/mysql2/visit/index.js';
import { visitPostgres } from '../../resource/driver/pg/visit/index.js';
import { mysqlScript, postgresScript, sqliteScript } from './scripts.js';

/** What was typed about the database. */
export interface DatabaseOptions {
  readonly url: string;
  /** What messages call it: no user, no password. */
  readonly place: string;
  readonly schemas: readonly string[] | undefined;
  readonly guard: boolean;
}

/** A database that a command works on. */
export interface OpenDatabase {
  readonly engine: AtEngine;
  close(): Promise<void>;
}

/** One kind of database in which AT works, to programs. */
export interface DatabaseKind {
  readonly name: string;
  /** What its URLs begin with. */
  readonly prefixes: readonly string[];
  /** What is to be known of a status beside the tables. */
  readonly note?: string;
  /** How an error is known that is about the way to the database, and what to look at then. */
  readonly unreachable: { readonly codes: RegExp; readonly texts: RegExp; readonly check: string };
  /** @throws InvalidOptionError for a URL that cannot be read; neither shows its password */
  placeOf(url: string, option: string): string;
  open(options: DatabaseOptions): Promise<OpenDatabase>;
  /** Statements as something that the program of the database runs. */
  script(statements: readonly string[]): string;
}

const CHECK_SERVER =
  'Check that its server runs, and the user, the password and the name in the URL.';

const POSTGRES: DatabaseKind = {
  name: 'PostgreSQL',
  prefixes: ['postgres://', 'postgresql://'],
  unreachable: {
    codes: /^(E[A-Z]+|28\w{3}|3D000|53300|57P03|08\w{3})$/,
    texts: /timeout|terminated/i,
    check: CHECK_SERVER,
  },
  placeOf: (url, option) => placeOfUrl(url, 'postgres', option),
  open: visitPostgres,
  script: postgresScript,
};

const MYSQL: DatabaseKind = {
  name: 'MariaDB and MySQL',
  prefixes: ['mysql://', 'mariadb://'],
  unreachable: {
    codes: /^(E[A-Z]+|PROTOCOL_\w+|ER_(ACCESS|DBACCESS|BAD_DB|CON_COUNT|HOST)\w*)$/,
    texts: /timeout|closed state/i,
    check: CHECK_SERVER,
  },
  placeOf: mysqlPlace,
  open: visitMysql,
  script: mysqlScript,
};

const SQLITE: DatabaseKind = {
  name: 'SQLite',
  prefixes: ['sqlite:'],
  note:
    'The triggers of SQLite are temporary: each connection of the application makes its own, and ' +
    'nobody else sees them. Only our own tables, and whether the tables of the file can be ' +
    'captured, can be seen from here.',
  unreachable: {
    codes: /^SQLITE_(CANTOPEN|NOTADB|READONLY|BUSY|IOERR)\w*$/,
    texts: /directory does not exist/i,
    check:
      'Check that it is the file of the database and may be written, and that nobody keeps it ' +
      'locked.',
  },
  placeOf: (url, option) => `sqlite:${fileOf(url, option)}`,
  open: ({ url, ...options }) => visitSqlite({ ...options, file: fileOf(url, '--database') }),
  script: sqliteScript,
};

/** Everything that is different from one kind of database to the next is in its row. */
export const DATABASE_KINDS: readonly DatabaseKind[] = [POSTGRES, MYSQL, SQLITE];

/** Only one database is captured, so it has to be named. */
function mysqlPlace(url: string, option: string): string {
  const place = placeOfUrl(url, 'mysql', option);
  if (/^mysql:\/\/[^/]*\/./.test(place)) return place;
  const fix = 'Name the database behind the host, such as mysql://db:3306/shop.';
  throw new InvalidOptionError({ option, value: place, fix });
}

/**
 * With slashes, one reader would take it for the path of the root, and another for a relative one.
 */
function fileOf(url: string, option: string): string {
  const file = url.replace(/^sqlite:/i, '');
  if (file !== '' && !file.startsWith('//')) return file;
  const fix = 'Write the path behind sqlite:, such as sqlite:data/shop.db or sqlite:/srv/shop.db.';
  throw new InvalidOptionError({ option, value: `sqlite:${file}`, fix });
}
