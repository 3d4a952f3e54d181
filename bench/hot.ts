import type pg from 'pg';
import { openAtWorld } from './at-world.js';
import { runBlock, runRounds } from './support/block.js';
import { median, round } from './support/statistics.js';

const concurrency = 24;
const world = await openAtWorld();
const failures = new Map<string, number>();
async function update(pool: pg.Pool, table: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`UPDATE ${table} SET balance = balance + 1 WHERE id = $1`, [1]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
const latencies: number[] = [];
async function retried(): Promise<void> {
  const start = performance.now();
  for (;;) {
    try {
      await world.manager.run({ name: 'hot', lockWaitTimeoutMs: 60_000 } as never, () => update(world.atPool, 'captured'));
      latencies.push(performance.now() - start);
      return;
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error);
      failures.set(code, (failures.get(code) ?? 0) + 1);
    }
  }
}
async function retriedAuto(): Promise<void> {
  for (;;) {
    try {
      await world.manager.run({ name: 'hot', lockWaitTimeoutMs: 60_000 } as never, () =>
        world.atPool.query(`UPDATE captured SET balance = balance + 1 WHERE id = $1`, [1]));
      return;
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error);
      failures.set(code, (failures.get(code) ?? 0) + 1);
    }
  }
}
const variants = {
  plain: { name: 'plain', run: () => update(world.plainPool, 'apart.plain') },
  at: { name: 'at', run: retried },
  auto: { name: 'auto', run: retriedAuto },
};
for (const v of Object.values(variants)) await runBlock(v, concurrency, 1000);
const rounds = await runRounds(variants, { rounds: 14, blockMs: 500, concurrency }, () => undefined);
const rate = (b: { operations: number; seconds: number }) => b.operations / b.seconds;
console.log('plain/s', round(median(rounds.map((r) => rate(r.plain)))), 'at/s', round(median(rounds.map((r) => rate(r.at)))), 'auto/s', round(median(rounds.map((r) => rate(r.auto)))));
console.log('ratio at', round(median(rounds.map((r) => rate(r.at) / rate(r.plain))), 3), 'auto', round(median(rounds.map((r) => rate(r.auto) / rate(r.plain))), 3));
latencies.sort((a, b) => a - b);
console.log('latency p50', round(latencies[latencies.length >> 1] ?? 0), 'p99', round(latencies[Math.floor(latencies.length * 0.99)] ?? 0), 'max', round(latencies.at(-1) ?? 0));
console.log('failures', Object.fromEntries(failures));
await world.close();
