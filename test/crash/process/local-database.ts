import { createPool } from 'mysql2/promise';
import pg from 'pg';

import type { Product } from '../product.js';

const QUERY_MS_MAX = 3_000;
const CONNECT_MS_MAX = 2_000;
const CONNECTIONS_MAX = 6;

/** Sends a statement whose parameters are written as `?`. */
export type Run = (text: string, values: readonly unknown[]) => Promise<unknown>;

/** The data source of a participant. */
export interface LocalDatabase {
  readonly pool: unknown;
  /** One local transaction. */
  inTransaction(work: (run: Run) => Promise<void>): Promise<void>;
}

interface Wrapping {
  readonly resourceId: string;
  readonly mode: 'AT' | 'XA';
}

/**
 * Prepared branches are looked for often, so that a case need not wait for it. The horizon is
 * longer than the time of any transfer.
 */
const XA_SCAN = { xaScanIntervalMs: 400, xaHorizonMs: 5_500 } as const;

const ignore = (): void => undefined;

export function postgres(product: Product, url: string, wrapping: Wrapping): LocalDatabase {
  const config = { connectionString: url, max: CONNECTIONS_MAX, query_timeout: QUERY_MS_MAX };
  const inner = new pg.Pool(config).on('error', ignore);
  const pool = product.dtxPool(inner, { ...wrapping, ...XA_SCAN });
  return {
    pool,
    async inTransaction(work) {
      const client = await pool.connect();
      // A connection that the server ends while it is lent would end the process, as in any `pg`.
      client.on('error', ignore);
      try {
        await client.query('BEGIN');
        await work((text, values) => client.query(numbered(text), [...values]));
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK').catch(ignore);
        throw error;
      } finally {
        client.off('error', ignore);
        client.release();
      }
    },
  };
}

export function mariadb(product: Product, uri: string, wrapping: Wrapping): LocalDatabase {
  const inner = createPool({
    uri,
    connectionLimit: CONNECTIONS_MAX,
    connectTimeout: CONNECT_MS_MAX,
  });
  const pool = product.dtxMysqlPool(inner, { ...wrapping, ...XA_SCAN });
  return {
    pool,
    async inTransaction(work) {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        await work((text, values) => connection.query(text, [...values]));
        await connection.commit();
      } catch (error) {
        await connection.rollback().catch(ignore);
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}

/** `?` as PostgreSQL writes it. */
function numbered(text: string): string {
  let count = 0;
  return text.replace(/\?/g, () => `$${String(++count)}`);
}
