import { createHash, randomBytes } from 'node:crypto';

import { RESOURCE_IDS } from './process/messages.js';
import type { Role } from './process/messages.js';
import type { World } from './world/world.js';

/** Of what nobody may commit; accounts of transfers have numbers from 1 on. */
export const ORPHAN_ID = -1;

const INSERT = `INSERT INTO booking (id, amount) VALUES (${String(ORPHAN_ID)}, 0)`;

/** A prepared branch with a name of ours, of a transaction that the coordinator does not know. */
export async function leaveOrphan({ left, right }: World, role: Role): Promise<void> {
  const side = role === 'P1' ? 'P1' : 'P2';
  const scope = createHash('sha256').update(RESOURCE_IDS[side]).digest('hex').slice(0, 12);
  const first = `dtx:${randomBytes(20).toString('hex')}`;
  const second = `${scope}:1`;
  if (side === 'P1') {
    const name = `${first}|${second}`;
    await left.query(`BEGIN; ${INSERT}; PREPARE TRANSACTION '${name}'`);
    return;
  }
  const connection = await right.getConnection();
  try {
    const name = `'${first}','${second}'`;
    for (const text of [`XA START ${name}`, INSERT, `XA END ${name}`, `XA PREPARE ${name}`]) {
      await connection.query(text);
    }
  } finally {
    // Whoever has prepared it keeps it from others.
    connection.destroy();
  }
}
