import type { HoldableTable } from '../../../lib/resource/at/mysql/held-rows.js';
import { HeldRows } from '../../../lib/resource/at/mysql/held-rows.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

/** With names for the period, its columns are part of the table, and of every unique key. */
const NAMED = `, row_start timestamp(6) GENERATED ALWAYS AS ROW START,
  row_end timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (row_start, row_end)`;

const INVISIBLE = NAMED.replace('ROW START', 'ROW START INVISIBLE').replace(
  'ROW END',
  'ROW END INVISIBLE',
);

describeMariadb('A table with system versioning', () => {
  let database: AtDatabase;

  afterEach(async () => {
    await database.drop();
  });

  it.each([
    ['without names for the period', ''],
    ['with names', NAMED],
    ['with names that are invisible', INVISIBLE],
  ])('is restored, and its values are locked: %s', async (_how, period) => {
    database = await createAtDatabase(`
      CREATE TABLE contract (id int PRIMARY KEY, who varchar(9) UNIQUE${period})
      WITH SYSTEM VERSIONING;
      INSERT INTO contract (id, who) VALUES (1, 'a'), (2, 'b'), (3, NULL)`);
    const values = () => database.sql('SELECT id, who FROM contract ORDER BY id');
    const before = await values();
    const tag = newTag();
    await database.branch(
      tag,
      `INSERT INTO contract (id, who) VALUES (9, 'x')`,
      `UPDATE contract SET who = 'c' WHERE id = 1`,
      'DELETE FROM contract WHERE id = 2',
    );
    const held = await database.sql('SELECT tbl, shown FROM dtx_undo_row ORDER BY tbl, shown');
    const rows = new HeldRows(database.source());
    const table = (await rows.find('contract', undefined)) as HoldableTable;
    const holder = await rows.holderOf([{ table, keys: ['1'] }], undefined);

    const outcome = await database.rollback(tag);

    expect(outcome).toEqual(DONE);
    expect(holder).toMatchObject({ key: '1', holderXid: tag.xid });
    expect(await values()).toEqual(before);
    expect(held.filter(({ tbl }) => tbl !== 'contract').map(({ shown }) => shown)).toEqual([
      'a',
      'b',
      'c',
      'x',
    ]);
  });
});
