import { BRANCH_DATA_LENGTH_MAX } from '../../../lib/protocol/index.js';
import { hasMariadb } from '../../servers/test-mariadb.js';
import { HOSTILE_TAGS } from '../../support/hostile-tags.js';
import { TCC_DATABASES } from '../../support/tcc-databases.js';
import type { TccWorld } from '../../support/tcc-world.js';
import { openTccWorld } from '../../support/tcc-world.js';

const databases = TCC_DATABASES.filter(([name]) => name !== 'MariaDB' || hasMariadb());

const deep = (levels: number): string => `{"amount":${'['.repeat(levels)}${']'.repeat(levels)}}`;

/** Texts that no try has given. */
const CONTEXTS = [
  ['a prototype', '{"amount":10,"__proto__":{"isAdmin":true}}'],
  ['a prototype deep inside', '{"amount":{"constructor":{"prototype":{"isAdmin":true}}}}'],
  ['what is nested too deep', deep(40)],
  ['what is nested as deep as it can be', deep(BRANCH_DATA_LENGTH_MAX / 2)],
  ['what is too long', `{"amount":"${'9'.repeat(3 * BRANCH_DATA_LENGTH_MAX)}"}`],
  ['a number beyond all bounds', '{"amount":1e999}'],
  ['a list', '[10]'],
  ['half a text', '{"amount":10'],
] as const;

describe.each(databases)('What comes to a TCC action on %s', (_, open) => {
  let world: TccWorld;
  beforeEach(async () => {
    world = await openTccWorld(await open());
  });
  afterEach(() => world.close());

  /** A branch whose try is over, as phase two names it. */
  const tried = async (data: string) => {
    const transaction = await world.manager.begin({ name: 'freeze' });
    await transaction.run(() => world.freeze(10));
    const { xid } = transaction;
    const { branches } = await world.manager.status(xid);
    return { xid, branchId: branches[0]?.branchId ?? '', data };
  };
  const forgeNotes = (notes: string): Promise<void> =>
    world.database.run(
      `UPDATE ${world.database.fenceTable} SET notes = '${Buffer.from(notes).toString('base64')}'`,
    );

  it('is not read as SQL where its ids are none, and needs a person at once', async () => {
    await tried('{"amount":10}');
    const targets = HOSTILE_TAGS.map(({ tag }) => ({ ...tag, data: '{"amount":10}' }));

    const outcomes = [
      ...(await world.handler.commitBranches(targets)),
      ...(await world.handler.rollbackBranches(targets)),
    ];

    const codes = HOSTILE_TAGS.map(({ code }) => ({
      kind: 'cannot',
      error: expect.stringContaining(code) as string,
    }));
    expect(outcomes).toEqual([...codes, ...codes]);
    expect(world.calls).toEqual(['try']);
    expect(await world.account()).toEqual([100, 10]);
    expect(await world.fences()).toEqual([1]);
  });

  it.each(CONTEXTS)('is no context where it is %s', async (_what, data) => {
    const target = await tried(data);

    const [confirmed] = await world.handler.commitBranches([target]);
    const [cancelled] = await world.handler.rollbackBranches([target]);

    const refusal = {
      kind: 'cannot',
      error: expect.stringContaining('DTX_ERR_RM_TCC_CONTEXT') as string,
    };
    expect([confirmed, cancelled]).toEqual([refusal, refusal]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(world.calls).toEqual(['try']);
    expect(await world.account()).toEqual([100, 10]);
    expect(await world.fences()).toEqual([1]);
  });

  it('is no context where somebody has changed what the try has noted', async () => {
    const target = await tried('{"amount":10}');
    await forgeNotes('{"__proto__":{"isAdmin":true}}');

    const outcomes = await world.handler.commitBranches([target]);

    expect(outcomes).toEqual([
      { kind: 'cannot', error: expect.stringContaining('DTX_ERR_RM_TCC_CONTEXT') as string },
    ]);
    expect(await world.account()).toEqual([100, 10]);
  });

  it('is done once the context can be read again', async () => {
    const target = await tried('{"amount":10}');
    await forgeNotes('no JSON');
    await world.handler.commitBranches([target]);
    await forgeNotes('{}');

    const outcomes = await world.handler.commitBranches([target]);

    expect(outcomes).toEqual([{ kind: 'done' }]);
    expect(await world.account()).toEqual([90, 0]);
  });

  it('has no effect where its fence is in a state that nobody knows', async () => {
    const target = await tried('{"amount":10}');
    await world.database.run(`UPDATE ${world.database.fenceTable} SET state = 9`);

    const [confirmed] = await world.handler.commitBranches([target]);
    const [cancelled] = await world.handler.rollbackBranches([target]);

    expect([confirmed?.kind, cancelled?.kind]).toEqual(['retry', 'retry']);
    expect(await world.account()).toEqual([100, 10]);
    expect(await world.fences()).toEqual([9]);
  });

  it('does not pass for confirmed where the method is missing', async () => {
    const target = await tried('{"amount":10}');
    const { confirm } = world.methods;
    delete (world.methods as Partial<typeof world.methods>).confirm;

    const [missing] = await world.handler.commitBranches([target]);

    world.methods.confirm = confirm;
    const [there] = await world.handler.commitBranches([target]);
    expect([missing?.kind, there?.kind]).toEqual(['retry', 'done']);
    expect(await world.account()).toEqual([90, 0]);
  });
});
