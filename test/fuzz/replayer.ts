import { setSequences } from './align.js';
import type { Part } from './part.js';
import type { Played } from './play.js';
import { OK, playLocal } from './play.js';
import type { World } from './world.js';

/** Does on both copies what was committed. */
export class Replayer {
  /** How often values are taken that are there already, by table. */
  readonly caution = new Map<string, number>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** What was committed once more, on both copies. @returns where the answers were others */
  async replay(
    parts: readonly Part[],
    order: readonly Part[],
    sequences: readonly string[],
  ): Promise<readonly string[]> {
    if (!parts.some(({ committed }) => committed)) return [];
    const { copy, scratch } = this.#world;
    const wrong: string[] = [];
    for (const database of [copy, scratch]) {
      await setSequences(database, sequences);
      const next = new Map<Part, number>();
      for (const part of order) {
        const { index, result } = part.played[next.get(part) ?? 0] ?? {};
        next.set(part, (next.get(part) ?? 0) + 1);
        const local = part.plan.locals[index ?? -1];
        if (!part.committed || local === undefined) continue;
        const again = await playLocal(database, local);
        const [was, is] = [result?.outcomes.join(' '), again.outcomes.join(' ')];
        if (was !== is) wrong.push(`answers in AT mode: ${was ?? ''}; without: ${is}`);
        if (database === copy)
          this.#learn(
            again,
            local.steps.map(({ sql }) => sql),
          );
      }
    }
    return wrong;
  }

  /** Values that a table refuses again and again are taken from its rows instead. */
  #learn({ outcomes }: Played, statements: readonly string[]): void {
    for (const [index, sql] of statements.entries()) {
      const table = this.#world.model.tables.find((each) => sql.includes(` ${each.sql} `));
      const outcome = outcomes[index];
      if (table === undefined || outcome === undefined) continue;
      const caution = this.caution.get(table.name) ?? 0.3;
      const step = outcome === OK ? -0.02 : /^(22|23514|P0)/.test(outcome) ? 0.06 : 0;
      this.caution.set(table.name, Math.min(0.92, Math.max(0.2, caution + step)));
    }
  }
}
