import type { BranchHandler } from '../../../lib/protocol/index.js';
import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { openXaMariadbWorld } from '../../support/xa-mariadb-world.js';

describeMariadb('a prepared branch that two want to end at once', () => {
  it('is ended once, and done for both: nobody has ended it by hand', async () => {
    const world = await openXaMariadbWorld();
    const attach = jest.spyOn(world.client, 'attach');
    const pool = dtxMysqlPool(world.database.pool(), {
      resourceId: `twice-${world.database.name}`,
      mode: 'XA',
    });
    await world.start(pool);
    const handler = attach.mock.calls.at(-1)?.[0] as BranchHandler;
    const transaction = await world.manager.begin({ name: 'twice' });
    await transaction.run(() => pool.query('UPDATE account SET balance = 90 WHERE id = 1'));
    const { branches } = await world.client.status({ xid: transaction.xid });
    const target = { ...branches[0]!, xid: transaction.xid, attempt: 1 };

    // As the recovery scan and phase two may.
    const outcomes = await Promise.all([
      handler.commitBranches([target]),
      handler.commitBranches([target]),
    ]);

    expect(outcomes.flat()).toEqual([{ kind: 'done' }, { kind: 'done' }]);
    expect(await world.prepared()).toEqual([]);
    await transaction.commit();
    await pool.end();
    await world.close();
  });
});
