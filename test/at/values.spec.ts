import { VALUES, VALUE_SETUP } from '../integration/at-postgres/values.js';
import { MARIADB_VALUES } from './values/mariadb-values.js';
import { SQLITE_VALUES } from './values/sqlite-values.js';
import type { Value } from './values/value.js';
import type { Dialect } from './work.js';
import { describeEnginesOfWholeSuite } from './world/engines.js';
import type { Snapshot, World } from './world/world.interface.js';

const POSTGRES_VALUES: readonly Value[] = VALUES.map((value) => ({
  ...value,
  other: value.value === 'NULL' ? "'x'" : 'NULL',
}));

const VALUES_OF: Readonly<Record<Dialect, readonly Value[]>> = {
  postgres: POSTGRES_VALUES,
  mariadb: MARIADB_VALUES,
  sqlite: SQLITE_VALUES,
};

/** What the tables and values need before and behind them. */
const BEFORE: Readonly<Record<Dialect, string>> = {
  postgres: `${VALUE_SETUP} CREATE SCHEMA elsewhere; CREATE TABLE elsewhere."A Table" ();`,
  mariadb: "SET SESSION sql_mode = '';",
  sqlite: '',
};

const tableOf = (n: number): string => `value_${String(n)}`;

/** One row is updated, one is deleted, one is put back as it is. */
const writesOf = ({ other }: Value, n: number): readonly string[] => [
  `UPDATE ${tableOf(n)} SET v = ${other} WHERE id = 1`,
  `DELETE FROM ${tableOf(n)} WHERE id = 2`,
  `INSERT INTO ${tableOf(n)} SELECT 4, v FROM ${tableOf(n)} WHERE id = 3`,
];

describeEnginesOfWholeSuite((engine) => {
  const values = VALUES_OF[engine.dialect];
  const tables = values.map((_, n) => tableOf(n));
  const schema = values.map(
    ({ type, value }, n) => `
      CREATE TABLE ${tableOf(n)} (id INT PRIMARY KEY, v ${type} NULL);
      INSERT INTO ${tableOf(n)} VALUES (1, ${value}), (2, ${value}), (3, ${value});`,
  );

  describe.each([
    ['plain sessions', false],
    ['hostile sessions of the application', true],
  ])('with %s a rollback restores bit by bit', (_, hostile) => {
    let world: World;
    let before: Snapshot;
    let during: Snapshot;
    let after: Snapshot;

    beforeAll(async () => {
      world = await engine.open({ schema: BEFORE[engine.dialect] + schema.join(''), hostile });
      before = await world.snapshot(tables);
      const transaction = await world.manager.begin({ name: 'values' });
      await transaction.run(() => world.app.run(values.flatMap(writesOf)));
      during = await world.snapshot(tables);
      await transaction.rollback();
      await world.untilClean();
      after = await world.snapshot(tables);
    }, 120_000);
    afterAll(() => world.drop());

    it.each(values.map(({ title }, n) => [title, tableOf(n)]))('%s', (_title, table) => {
      expect(during[table]).not.toEqual(before[table]);
      expect(after[table]).toEqual(before[table]);
    });
  });
});
