import { identifier } from '../sql-text.js';

/** What a role needs to run, for the administrator. */
export function grant(privileges: readonly string[], object: string, role: string): string {
  return `GRANT ${privileges.join(', ')} ON ${object} TO ${identifier(role)};`;
}

/**
 * The command that sets up capture for the schemas. Where the database is, whoever runs it says.
 */
export function installCommand(schemas: readonly string[], isGuarded = false): string {
  const options = schemas.map((schema) => ` --schema ${shellWord(schema)}`);
  const guard = isGuarded ? ' --guard' : '';
  return `npx nestjs-dtx at install --database "$DATABASE_URL"${options.join('')}${guard}`;
}

/** The names, as far as a message has room for them. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}

const NAMES_SHOWN_MAX = 20;

const shellWord = (text: string): string =>
  /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
