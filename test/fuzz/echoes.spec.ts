import { withoutEchoes } from './echoes.js';
import type { ColumnModel, TableModel } from './model.js';
import type { Part } from './part.js';
import { OK } from './play.js';
import type { Row, Snapshot } from './snapshot.js';

const column = (name: string): ColumnModel => ({
  name,
  quoted: name,
  asText: `${name}::text`,
  literal: (text) => `'${text}'::integer`,
  random: () => undefined,
  isNotNull: true,
  isGenerated: false,
  isIdentity: false,
  isNumbered: false,
  isNumber: true,
  isWhole: true,
});

const STATISTICS: TableModel = {
  name: 'public.statistics',
  sql: 'public.statistics',
  from: 'ONLY public.statistics',
  columns: [column('depot'), column('bays')],
  keys: [{ isPrimary: true, columns: [0] }],
  references: [],
  hasUserTriggers: false,
};

const LOCAL = { isAutocommit: false, settings: [], commits: true, goesOn: false } as const;

const SURPLUS: Row = ['5', '1'];

/** How many of the surplus rows are a trigger's, behind the rollback of one statement. */
function countEchoes(sql: string, ending: readonly Row[] = []): number {
  const part: Part = {
    plan: {
      commits: false,
      locals: [{ ...LOCAL, steps: [{ sql, savepoint: 'none' }] }],
    },
    hasRival: false,
    played: [{ index: 0, result: { committed: true, outcomes: [OK], rowCounts: [1] } }],
    committed: false,
  };
  const rows: Snapshot = new Map([[STATISTICS.name, ending]]);
  const found = [{ table: STATISTICS.name, missing: [], surplus: [SURPLUS] }];
  const { echoes } = withoutEchoes([STATISTICS], [part], rows, found);
  return echoes.get(STATISTICS.name)?.length ?? 0;
}

test('a row that has come during the rollback is a trigger’s', () => {
  expect(countEchoes(`UPDATE ONLY public.bay SET blocked = true WHERE depot = '5'::integer`)).toBe(
    1,
  );
});

test('a row that was there when the rollback began is not', () => {
  const sql = `UPDATE ONLY public.bay SET blocked = true WHERE depot = '5'::integer`;
  expect(countEchoes(sql, [SURPLUS])).toBe(0);
});

test.each([
  `INSERT INTO public.statistics (depot, bays) VALUES ('5'::integer, '1'::integer)`,
  'INSERT INTO public.statistics (depot, bays) VALUES (5::integer, 1::integer)',
  `UPDATE ONLY public.statistics SET depot = '5'::integer WHERE depot = '6'::integer`,
])('a row that the transaction gave its key is not: %s', (sql) => {
  expect(countEchoes(sql)).toBe(0);
});

test.each([
  `WITH w AS (UPDATE ONLY public.statistics SET bays = 9 WHERE depot = '6'::integer RETURNING 1) ` +
    `UPDATE ONLY public.bay SET blocked = true WHERE depot = '5'::integer`,
  `UPDATE ONLY public.statistics SET bays = '5'::integer WHERE depot = '6'::integer`,
  `DELETE FROM ONLY public.statistics WHERE depot = '5'::integer`,
])('a value that is no key of a row that is left says nothing: %s', (sql) => {
  expect(countEchoes(sql)).toBe(1);
});
