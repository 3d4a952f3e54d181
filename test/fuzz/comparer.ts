import { withoutEchoes } from './echoes.js';
import type { Findings } from './findings.js';
import type { Part } from './part.js';
import { isOnlyNumbered } from './numbered.js';
import type { Ignored, Snapshot, TableDifference } from './snapshot.js';
import { IGNORED_NONE, compareSnapshots, volatileColumns } from './snapshot.js';
import type { World } from './world.interface.js';

/** Compares the database with what it should be. */
export class Comparer {
  volatile: Ignored = IGNORED_NONE;
  /** What there was behind the last comparison. */
  before: Snapshot = new Map();
  readonly #world: World;
  readonly #findings: Findings;

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  snapshot(): Promise<Snapshot> {
    return this.#world.outside.snapshot();
  }

  /** @param ending what there was when the rollback began, if one did */
  async compare(
    parts: readonly Part[],
    ending: Snapshot | undefined,
  ): Promise<readonly TableDifference[]> {
    const found = await this.snapshot();
    const hasCommitted = parts.some(({ committed }) => committed);
    return hasCommitted ? this.#behindCommit(found) : this.#behindRollback(parts, ending, found);
  }

  /** Makes both copies what the database is, so that a run goes on behind a difference. */
  async align(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const { copies, model } = this.#world;
    const tables = model.tables.filter(({ name }) => names.includes(name));
    for (const copy of copies) await copy.align(tables);
  }

  async #behindCommit(found: Snapshot): Promise<readonly TableDifference[]> {
    const { copies, model } = this.#world;
    const [copy, scratch] = copies;
    const expected = await copy.snapshot();
    const first = compareSnapshots(expected, found, this.volatile);
    if (first.length === 0) return first;
    const other = await scratch.snapshot();
    this.volatile = union(this.volatile, volatileColumns(expected, other));
    const differences = compareSnapshots(expected, found, this.volatile).filter(({ table }) =>
      first.some((each) => each.table === table),
    );
    const numbered = differences.filter((each) =>
      isOnlyNumbered(model.tables, this.volatile, each),
    );
    await this.align(numbered.map(({ table }) => table));
    return differences.filter((each) => !numbered.includes(each));
  }

  async #behindRollback(
    parts: readonly Part[],
    ending: Snapshot | undefined,
    found: Snapshot,
  ): Promise<readonly TableDifference[]> {
    const { model, outside } = this.#world;
    const all = compareSnapshots(this.before, found);
    if (ending === undefined) return all;
    const { differences, echoes } = withoutEchoes(model.tables, parts, ending, all);
    for (const [name, rows] of echoes) {
      const table = model.tables.find((each) => each.name === name);
      if (table === undefined || rows.length === 0) continue;
      this.#findings.triggerRows += rows.length;
      await outside.remove(table, rows);
    }
    return differences;
  }
}

function union(one: Ignored, other: Ignored): Ignored {
  const names = new Set([...one.keys(), ...other.keys()]);
  return new Map(
    [...names].map((name) => [
      name,
      new Set([...(one.get(name) ?? []), ...(other.get(name) ?? [])]),
    ]),
  );
}
