import type { Databases } from './databases.js';
import type { Openings } from './openings.js';

/** Puts goods on the shelves and money into the purses. A second time it changes nothing. */
export async function seed(pools: Databases['pools'], { units, cents }: Openings): Promise<void> {
  await pools.stock.query(
    `INSERT INTO products (id, units)
     SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING`,
    [[...units.keys()], [...units.values()]],
  );
  await pools.accounts.query(
    `INSERT INTO accounts (customer, balance_cents)
     SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING`,
    [[...cents.keys()], [...cents.values()]],
  );
}
