import type { DialectGroup } from '../work.js';
import type { PlainDatabase, Snapshot, World } from './world.interface.js';

type Case = DialectGroup['cases'][number];

/** What a case looks like from outside. */
export interface Seen {
  readonly before: Snapshot;
  /** Behind the last local commit, before the end of the global transaction. */
  readonly during: Snapshot;
  /** When nothing is left of it: no undo row, no fence, no open work. */
  readonly after: Snapshot;
}

/**
 * Fills the tables, does the work in one global transaction, ends that, and waits until nothing is
 * left of it.
 *
 * @throws with what is left, if something is
 */
export async function seeCase(
  world: World,
  group: DialectGroup,
  { title, work }: Case,
  end: 'commit' | 'rollback',
): Promise<Seen> {
  await world.refill(group.tables, group.seed);
  const before = await world.snapshot(group.tables);
  const transaction = await world.manager.begin({ name: title });
  try {
    await transaction.run(async () => {
      for (const step of work) await world.app.run(step);
    });
  } catch (error) {
    await transaction.rollback().catch(() => undefined);
    await world.untilClean().catch(() => world.forget());
    throw error;
  }
  const during = await world.snapshot(group.tables);
  await transaction[end]();
  await world.untilClean();
  return { before, during, after: await world.snapshot(group.tables) };
}

/** The same work without the framework. */
export async function seePlain(
  plain: PlainDatabase,
  group: DialectGroup,
  { work }: Case,
): Promise<Snapshot> {
  await plain.refill(group.tables, group.seed);
  for (const step of work) await plain.run(step);
  return plain.snapshot(group.tables);
}
