import { seeCase, seePlain } from './world/check-case.js';
import type { Engine } from './world/engines.js';
import type { PlainDatabase, Seam, World } from './world/world.interface.js';
import type { CaseGroup } from './work.js';
import { groupsOf } from './work.js';

/** Each case is taken back in one database, and kept in another beside an untouched copy. */
export function describeGroups(engine: Engine, seam: Seam, all: readonly CaseGroup[]): void {
  const groups = groupsOf(engine.dialect, all);
  const schema = groups.map((group) => group.schema).join(';\n');
  const cases = groups.flatMap((group) =>
    group.cases.map((one) => ({ name: `${group.title}: ${one.title}`, group, one })),
  );
  let undone: World;
  let kept: World;
  let plain: PlainDatabase;

  beforeAll(async () => {
    undone = await engine.open({ schema, seam });
    kept = await engine.open({ schema, seam });
    plain = await engine.openPlain(schema);
  }, 60_000);

  afterAll(async () => {
    await undone.drop();
    await kept.drop();
    await plain.drop();
  }, 60_000);

  // What a failed case has left would fail the following ones too.
  afterEach(async () => {
    for (const world of [undone, kept]) {
      if ((await world.locks()).length > 0) await world.forget();
    }
  });

  it.each(cases)('takes back $name', async ({ group, one }) => {
    const seen = await seeCase(undone, group, one, 'rollback');

    expect(seen.after).toEqual(seen.before);
    if (!one.changesNothing) expect(seen.during).not.toEqual(seen.before);
  });

  it.each(cases)('keeps $name', async ({ group, one }) => {
    const seen = await seeCase(kept, group, one, 'commit');

    expect(seen.after).toEqual(await seePlain(plain, group, one));
  });
}
