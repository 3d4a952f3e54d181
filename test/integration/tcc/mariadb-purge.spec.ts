import { MYSQL_FENCES, SqlTccFences } from '../../../lib/resource/tcc/index.js';
import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';
import { newTag, sourceOf } from '../at-mysql/at-database.js';

describeMariadb('the purge of TCC fences', () => {
  it('does not depend on how the server reads backslashes', async () => {
    const database = await createTestMariadb();
    const source = sourceOf(database.pool(), "sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
    const fences = new SqlTccFences({ source, dialect: MYSQL_FENCES, resourceId: 'accounts' });
    await fences.install('mend');
    await fences.bury(newTag(), 'account.freeze');

    const purged = await fences.purge('account.freeze', -60_000);

    expect(purged).toBe(1);
    await database.drop();
  });
});
