import type { SqlSession } from '../../at-engine.interface.js';
import { queryJson, queryText } from '../session.js';
import { grant } from './advice.js';
import type { ExistingFunctions } from './plan-table.js';

/** What there is of our schema, and what the current role may do about it. */
export interface SchemaState {
  readonly role: string;
  readonly database: string;
  readonly exists: boolean;
  readonly hasTables: boolean;
  readonly mayCreateSchema: boolean;
  readonly mayCreateInSchema: boolean;
}

/** Reads the catalogue only, so that it needs no right in the schema. */
export async function schemaState(session: SqlSession): Promise<SchemaState> {
  const [state] = await queryJson<SchemaState>(
    session,
    `SELECT pg_catalog.json_build_object(
       'role', current_user,
       'database', current_database(),
       'exists', n.oid IS NOT NULL,
       'hasTables', EXISTS (SELECT FROM pg_catalog.pg_class c
          WHERE c.relnamespace = n.oid AND c.relname = 'schema_version'),
       'mayCreateSchema', pg_catalog.has_database_privilege(current_database(), 'CREATE'),
       'mayCreateInSchema', coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false))::text
     FROM (VALUES (1)) AS always LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'dtx'`,
  );
  if (state === undefined) throw new Error('the catalogue gave no row');
  return state;
}

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** @returns the commands that give the role what phase two needs, if it lacks anything */
export async function missingRights(
  session: SqlSession,
  role: string,
): Promise<string | undefined> {
  const [mayUse] = await queryJson<boolean>(
    session,
    `SELECT pg_catalog.to_json(pg_catalog.has_schema_privilege('dtx', 'USAGE') AND (
       SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(c.oid, p.name))
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       CROSS JOIN pg_catalog.unnest($1::text[]) AS p (name)
       WHERE n.nspname = 'dtx' AND c.relkind = 'r'))::text`,
    [RIGHTS],
  );
  if (mayUse === true) return undefined;
  const commands = [
    grant(['USAGE'], 'SCHEMA dtx', role),
    grant(RIGHTS, 'ALL TABLES IN SCHEMA dtx', role),
  ];
  return commands.join(' ');
}

export async function installedVersion(session: SqlSession): Promise<number> {
  return Number(await queryText(session, 'SELECT max(version)::text FROM dtx.schema_version'));
}

/** Our functions, with the comments that say what they were made from. */
export async function existingFunctions(session: SqlSession): Promise<ExistingFunctions> {
  const entries = await queryJson<[string, string]>(
    session,
    `SELECT pg_catalog.json_build_array('dtx.' || p.proname,
       coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), ''))::text
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'dtx'`,
  );
  return new Map(entries);
}
