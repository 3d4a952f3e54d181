import { randomBytes, randomInt } from 'node:crypto';

import type pg from 'pg';
import type { DataSource } from 'typeorm';

import { ROWS } from './at-world.js';
import type { AtWorld } from './at-world.js';
import type { Variant } from './support/block.js';

export type AtVariant = 'autocommit' | 'plain' | 'capture' | 'at';

/** The four kinds of work, through pg or through TypeORM. */
export function atVariants(
  world: AtWorld,
  through: 'pg' | 'typeorm',
): Readonly<Record<AtVariant, Variant>> {
  const isPg = through === 'pg';
  const plain = isPg
    ? () => updateOverPg(world.plainPool, 'apart.plain')
    : () => updateOverTypeOrm(world.plainSource, 'apart.plain');
  const inGlobal = isPg
    ? () => updateOverPg(world.atPool, 'captured')
    : () => updateOverTypeOrm(world.atSource, 'captured');
  const nextRow = rowsWithoutRepetition();
  return {
    autocommit: {
      name: 'autocommit',
      run: async () => {
        await world.plainPool.query(updateText('apart.plain'), [randomRow()]);
      },
    },
    plain: { name: 'plain', run: plain },
    capture: {
      name: 'capture',
      run: () => captureAlone(world, nextRow()),
      // Nobody ends these branches, so their rows would stay locked.
      reset: () => clearUndo(world),
    },
    at: {
      name: 'at',
      run: () => world.manager.run({ name: 'bench' }, inGlobal),
      settle: () => untilUndoIsEmpty(world),
      // Fences of branches that nobody rolled back are gone with the undo rows.
    },
  };
}

const updateText = (table: string): string =>
  `UPDATE ${table} SET balance = balance + 1 WHERE id = $1`;

const randomRow = (): number => randomInt(1, ROWS + 1);

async function updateOverPg(pool: pg.Pool, table: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(updateText(table), [randomRow()]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

async function updateOverTypeOrm(source: DataSource, table: string): Promise<void> {
  await source.transaction((manager) => manager.query(updateText(table), [randomRow()]));
}

/** The local transaction of a branch, without its coordinator and without the seam. */
async function captureAlone(world: AtWorld, row: number): Promise<void> {
  const tag = { xid: randomBytes(16).toString('hex'), branchId: String(randomInt(1, 2 ** 47)) };
  const client = await world.plainPool.connect();
  try {
    await client.query(`BEGIN; ${world.tagStatement(tag)}`);
    await client.query(updateText('captured'), [row]);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** Its undo rows are locks that nobody releases within a block, so no row may come twice. */
function rowsWithoutRepetition(): () => number {
  const start = randomRow();
  const stride = 7_919; // a prime, so that the walk visits every row before it comes round
  let step = 0;
  return () => {
    step += 1;
    return ((start + step * stride) % ROWS) + 1;
  };
}

async function clearUndo(world: AtWorld): Promise<void> {
  await world.plainPool.query('TRUNCATE dtx.undo_row, dtx.branch_fence');
}

async function untilUndoIsEmpty(world: AtWorld): Promise<void> {
  for (;;) {
    const left = await world.plainPool.query('SELECT 1 FROM dtx.undo_row LIMIT 1');
    if (left.rowCount === 0) return;
  }
}
