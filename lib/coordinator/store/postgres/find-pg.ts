import { MissingPeerError } from '../../../protocol/index.js';
import type { PgModule } from './pg-database.js';

const ADVICE = 'Run "npm install pg".';

/** @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) */
export async function findPg(): Promise<PgModule> {
  try {
    const { default: pg } = await import('pg');
    return pg;
  } catch (cause) {
    throw new MissingPeerError('pg', 'A coordinator store in PostgreSQL', ADVICE, { cause });
  }
}
