import { hasFoundLess } from './found-less.js';
import type { Part } from './part.js';
import type { Local } from './plan.js';
import type { Played } from './play.js';
import { OK, playLocal } from './play.js';
import type { World } from './world.interface.js';

/** What the copies say to what was committed. */
export interface Replay {
  /** Where their answers were others. */
  readonly wrong: readonly string[];
  /**
   * Whether a statement wrote nothing or failed in AT mode, and not so here: it found what was
   * rolled back later, such as a row that was gone. What writes nothing waits for nobody, so the
   * copies are ahead: see docs/isolation.md.
   */
  readonly isAhead: boolean;
  /** Whether the engine itself has broken a foreign key here, which AT mode does not let pass. */
  readonly isUnsound: boolean;
}

const NOTHING: Replay = { wrong: [], isAhead: false, isUnsound: false };

/** A value was refused, and not a key. */
const VALUE_REFUSED =
  /^(?:22|23514|P0|1264|1292|1366|1406|1644|4025|SQLITE_MISMATCH|SQLITE_CONSTRAINT_[CD])/;

/** Does on both copies what was committed. */
export class Replayer {
  /** How often values are taken that are there already, by table. */
  readonly caution = new Map<string, number>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async replay(
    parts: readonly Part[],
    order: readonly Part[],
    counters: readonly string[],
  ): Promise<Replay> {
    if (!parts.some(({ committed }) => committed)) return NOTHING;
    const { copies } = this.#world;
    const mayBeAhead = parts.some(({ committed }) => !committed);
    const wrong: string[] = [];
    let isAhead = false;
    let isUnsound = false;
    for (const database of copies) {
      await database.setCounters(counters);
      const next = new Map<Part, number>();
      for (const part of order) {
        const { index, result } = part.played[next.get(part) ?? 0] ?? {};
        next.set(part, (next.get(part) ?? 0) + 1);
        const local = part.plan.locals[index ?? -1];
        if (!part.committed || local === undefined) continue;
        const again = await playLocal(database, local);
        const [was, is] = [result?.outcomes.join(' '), again.outcomes.join(' ')];
        isAhead ||= mayBeAhead && result !== undefined && hasFoundLess(local, result, again);
        isUnsound ||= result !== undefined && this.#isUnsound(local, result, again);
        if (was !== is) wrong.push(`answers in AT mode: ${was ?? ''}; without: ${is}`);
        if (database === copies[0])
          this.#learn(
            again,
            local.steps.map(({ sql }) => sql),
          );
      }
    }
    return { wrong, isAhead, isUnsound: isUnsound || copies[0].isUnsound?.() === true };
  }

  #isUnsound({ steps }: Local, was: Played, is: Played): boolean {
    const index = was.outcomes.findIndex((outcome, at) => outcome !== is.outcomes[at]);
    const [sql, before, outcome] = [steps[index]?.sql, was.outcomes[index], is.outcomes[index]];
    if (sql === undefined || before === undefined || outcome !== OK) return false;
    return this.#world.dialect.letsPass?.(sql, before) === true;
  }

  /** Values that a table refuses again and again are taken from its rows instead. */
  #learn({ outcomes }: Played, statements: readonly string[]): void {
    for (const [index, sql] of statements.entries()) {
      const table = this.#world.model.tables.find((each) => sql.includes(` ${each.sql} `));
      const outcome = outcomes[index];
      if (table === undefined || outcome === undefined) continue;
      const caution = this.caution.get(table.name) ?? 0.3;
      const step = outcome === OK ? -0.02 : VALUE_REFUSED.test(outcome) ? 0.06 : 0;
      this.caution.set(table.name, Math.min(0.92, Math.max(0.2, caution + step)));
    }
  }
}
