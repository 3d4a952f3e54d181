import { MissingPeerError } from '../../../protocol/index.js';
import type { Mysql2Module } from './mysql2-database.js';

const ADVICE = 'Run "npm install mysql2".';

/** @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) */
export async function findMysql2(): Promise<Mysql2Module> {
  try {
    const { default: mysql2 } = await import('mysql2/promise');
    return mysql2;
  } catch (cause) {
    throw new MissingPeerError('mysql2', 'A coordinator store in MySQL or MariaDB', ADVICE, {
      cause,
    });
  }
}
