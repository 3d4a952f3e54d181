import type { ClusterWorld } from '../world.js';

const OPEN = `
SELECT count(*)::integer AS count FROM dtx_coordinator.session WHERE ended_at_ms IS NULL`;
const HELD = `
SELECT (SELECT count(*) FROM fence WHERE state = 'prepared')::integer
  + (SELECT count(*) FROM account WHERE reserved <> 0)::integer AS count`;

/** Sessions that are open, fences of branches without an end, and accounts with reservations. */
export async function countLeft({ business, coordinator }: ClusterWorld): Promise<number> {
  const open = await coordinator.query<{ count: number }>(OPEN);
  const held = await business.query<{ count: number }>(HELD);
  return (open.rows[0]?.count ?? 0) + (held.rows[0]?.count ?? 0);
}
