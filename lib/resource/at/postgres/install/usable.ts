import { AtInstallError, SchemaTooNewError } from '../../../../protocol/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import { SCHEMA_VERSION } from '../agreement.js';
import { identifier } from '../sql-text.js';
import { installCommand } from './advice.js';
import { installedVersion, missingRights, schemaState } from './dtx-schema.js';

/**
 * Whether the role can work with the tables of ours that are there.
 *
 * @throws AtInstallError with the grants that are missing
 * @throws SchemaTooNewError
 */
export async function assertUsable(
  session: SqlSession,
  resourceId: string,
  role: string,
): Promise<void> {
  const missing = await missingRights(session, role);
  if (missing !== undefined) {
    const what =
      `role ${identifier(role)} may not use the tables in schema dtx. Have their owner ` +
      `or an administrator run: ${missing}`;
    throw new AtInstallError(resourceId, what);
  }
  const version = await installedVersion(session);
  if (version <= SCHEMA_VERSION) return;
  throw new SchemaTooNewError(
    `Schema dtx in the database of ${resourceId}`,
    version,
    SCHEMA_VERSION,
  );
}

/**
 * For whoever comes to look at undo rows.
 *
 * @throws AtInstallError when there cannot be any, and as assertUsable
 */
export async function assertInstalled(session: SqlSession, resourceId: string): Promise<void> {
  const { database, hasTables, role } = await schemaState(session);
  if (hasTables) return assertUsable(session, resourceId, role);
  throw new AtInstallError(
    resourceId,
    `database ${identifier(database)} has no schema dtx, so nothing was ever captured in it. If ` +
      `it is the right one, set it up: ${installCommand([])}`,
  );
}
