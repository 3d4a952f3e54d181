/** Engines that speak one SQL. */
export type Dialect = 'postgres' | 'mariadb' | 'sqlite';

/** A statement of a local transaction. */
export type Statement =
  | string
  /** The statement must fail, and the application goes on. */
  | { readonly fails: string };

/**
 * What an application does in one global transaction, step by step: a text is an autocommit
 * statement, a list is one local transaction that commits.
 */
export type Step =
  | string
  | readonly Statement[]
  /** A local transaction that the application rolls back. */
  | { readonly rolledBack: readonly Statement[] };

export type Work = readonly Step[];

/** Why an engine has no such case. */
export interface NotHere {
  readonly not: string;
}

/** Something for each engine, or a reason. */
export type ByDialect<T> = Readonly<Record<Dialect, T | NotHere>>;

export const isHere = <T>(value: T | NotHere): value is T =>
  !(typeof value === 'object' && value !== null && 'not' in value);

/** The same for all of them. */
export const everywhere = <T>(value: T): ByDialect<T> => ({
  postgres: value,
  mariadb: value,
  sqlite: value,
});

/** Tables, what is in them, and what is done to them. */
export interface CaseGroup {
  readonly title: string;
  /** Looked at, and emptied before each case; children before their parents. */
  readonly tables: readonly string[] | ByDialect<readonly string[]>;
  readonly schema: ByDialect<string>;
  readonly seed: string | ByDialect<string>;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly title: string;
  readonly work: ByDialect<Work>;
  /** The tables are the same behind it, though rows may have been written. */
  readonly changesNothing?: boolean;
}

/** A group as one engine has it. */
export interface DialectGroup {
  readonly title: string;
  readonly tables: readonly string[];
  readonly schema: string;
  readonly seed: string;
  readonly cases: readonly {
    readonly title: string;
    readonly work: Work;
    readonly changesNothing: boolean;
  }[];
}

/** The groups that a dialect has, with the cases that it has. */
export function groupsOf(dialect: Dialect, groups: readonly CaseGroup[]): readonly DialectGroup[] {
  return groups.flatMap((group) => {
    const schema = group.schema[dialect];
    const seed = pick(dialect, group.seed);
    const tables = pick(dialect, group.tables);
    if (!isHere(schema) || !isHere(seed) || !isHere(tables)) return [];
    const cases = group.cases.flatMap(({ changesNothing = false, title, work }) => {
      const here = work[dialect];
      return isHere(here) ? [{ title, work: here, changesNothing }] : [];
    });
    // MariaDB takes no empty statement between two others.
    return [{ title: group.title, tables, schema: schema.trim().replace(/;$/, ''), seed, cases }];
  });
}

function pick<T extends string | readonly string[]>(
  dialect: Dialect,
  value: T | ByDialect<T>,
): T | NotHere {
  return typeof value === 'string' || Array.isArray(value)
    ? (value as T)
    : (value as ByDialect<T>)[dialect];
}
