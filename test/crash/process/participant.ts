import { Body, ConflictException, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createPool } from 'mysql2/promise';
import pg from 'pg';

import type { Product } from '../product.js';
import type { ActorSettings, Transfer } from './messages.js';

export const AMOUNT = 10;

const CALL_MS_MAX = 3_000;
const QUERY_MS_MAX = 3_000;

/** The local transaction of one transfer. */
interface Business {
  readonly pool: unknown;
  work(transfer: Transfer): Promise<void>;
}

/** A service with one data source, which moves money in one local transaction per call. */
export async function startParticipant(product: Product, settings: ActorSettings): Promise<void> {
  const { coordinatorUrl = '', port, role } = settings;
  const business = role === 'P1' ? postgresBusiness(product, settings) : mariadb(product, settings);

  @Controller()
  class WorkController {
    @Post('work')
    async work(@Body() transfer: Transfer): Promise<string> {
      try {
        await business.work(transfer);
      } catch (error) {
        throw new ConflictException(String(error));
      }
      return 'done';
    }
  }

  @Module({
    imports: [
      product.DtxModule.forRoot({
        applicationId: `crash-${role}`,
        coordinator: { url: coordinatorUrl, callTimeoutMs: CALL_MS_MAX },
      }),
    ],
    controllers: [WorkController],
    providers: [{ provide: 'POOL', useValue: business.pool }],
  })
  class ParticipantModule {}
  const app = await NestFactory.create(ParticipantModule, { logger: false });
  await app.listen(port, '127.0.0.1');
}

const refusal = (): Error => new Error('the business refuses');

const ignore = (): void => undefined;

function postgresBusiness(product: Product, settings: ActorSettings): Business {
  const { databaseUrl = '', mode = 'AT', role } = settings;
  const config = { connectionString: databaseUrl, max: 6, query_timeout: QUERY_MS_MAX };
  const inner = new pg.Pool(config).on('error', () => undefined);
  const pool = product.dtxPool(inner, { resourceId: 'left', mode, ...XA_SCAN });
  return {
    pool,
    async work({ id, refusesAt }) {
      const client = await pool.connect();
      // A connection that the server ends while it is lent would end the process, as in any `pg`.
      client.on('error', ignore);
      try {
        await client.query('BEGIN');
        await client.query('UPDATE account SET balance = balance - $2 WHERE id = $1', [id, AMOUNT]);
        await client.query('INSERT INTO booking (id, amount) VALUES ($1, $2)', [id, -AMOUNT]);
        if (refusesAt === role) throw refusal();
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      } finally {
        client.off('error', ignore);
        client.release();
      }
    },
  };
}

function mariadb(product: Product, settings: ActorSettings): Business {
  const { databaseUrl = '', mode = 'AT', role } = settings;
  const inner = createPool({ uri: databaseUrl, connectionLimit: 6, connectTimeout: 2_000 });
  const pool = product.dtxMysqlPool(inner, { resourceId: 'right', mode, ...XA_SCAN });
  return {
    pool,
    async work({ id, refusesAt }) {
      const connection = await pool.getConnection();
      try {
        await connection.beginTransaction();
        await connection.query('UPDATE account SET balance = balance + ? WHERE id = ?', [
          AMOUNT,
          id,
        ]);
        await connection.query('INSERT INTO booking (id, amount) VALUES (?, ?)', [id, AMOUNT]);
        if (refusesAt === role) throw refusal();
        await connection.commit();
      } catch (error) {
        await connection.rollback().catch(() => undefined);
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}

/** Prepared branches are looked for often, so that a case need not wait for it. */
const XA_SCAN = { xaScanIntervalMs: 400 } as const;
