import type { HeldRow } from '../../resource/at/index.js';
import type { CliHost } from '../command.interface.js';
import { printable, printableLines } from '../printable.js';
import type { AtDatabase } from './at-database.js';
import { atDatabase } from './at-database.js';
import type { CoordinatorWord } from './coordinator-word.js';
import { askCoordinator, retryCommand, wordOn } from './coordinator-word.js';
import { DIFF_LEGEND, rowLines } from './row-diff.js';
import type { UndoInput } from './undo-arguments.js';
import { filterOf } from './undo-arguments.js';

/** Shows the undo rows of a transaction. */
export function showUndo(
  xid: string,
  { limit, values }: UndoInput,
  host: CliHost,
): Promise<number> {
  return atDatabase(values, host, async (database) => {
    const word = await askCoordinator(values, host, [xid]);
    // One more than is shown tells whether there are more.
    const found = await database.engine.desk.rows(filterOf(values, xid), limit + 1);
    const rows = found.slice(0, limit);
    const isAll = found.length <= limit;
    if (values['json'] === true) {
      const status = word?.get(xid)?.status;
      const shown = { xid, database: database.place, status, rows: rows.map(asJson), isAll };
      host.out(printableLines(`${JSON.stringify(shown, undefined, 2)}\n`));
      return rows.length > 0 ? 0 : 1;
    }
    if (rows.length === 0) {
      host.err(`${nothingOf(xid, database, values, word)}\n`);
      return 1;
    }
    const head = asText(xid, rows, isAll, database, word);
    host.out(`${head}${advice(xid, rows, database, values).join('\n')}\n`);
    return 0;
  });
}

/** What is said where there is nothing to be shown or done. */
export function nothingOf(
  xid: string,
  { place }: AtDatabase,
  values: UndoInput['values'],
  word?: CoordinatorWord,
): string {
  const known = word === undefined ? '' : ` (${wordOn(xid, word)})`;
  return (
    `No undo rows of ${xid}${known} are in ${place}: it has ended, it has written nothing there, ` +
    `or somebody has dealt with all of them. If the coordinator still counts on them, end it by: ` +
    retryCommand(xid, values)
  );
}

const asJson = ({ after, before, current, ...row }: HeldRow) => ({
  ...row,
  before: before ?? null,
  after: after ?? null,
  current: current ?? null,
});

function asText(
  xid: string,
  rows: readonly HeldRow[],
  isAll: boolean,
  database: AtDatabase,
  word: CoordinatorWord | undefined,
): string {
  const more = isAll ? '' : ' of more (--limit)';
  const count = `${String(rows.length)} undo row${rows.length === 1 ? '' : 's'}${more}`;
  const status = word === undefined ? [] : [`  ${wordOn(xid, word)}`];
  return [
    `Transaction ${xid}: ${count}`,
    `  in ${printable(database.place)}`,
    ...status,
    '',
    ...rows.flatMap((row) => [...rowLines(row), '']),
    DIFF_LEGEND,
    '',
    '',
  ].join('\n');
}

function advice(
  xid: string,
  rows: readonly HeldRow[],
  { flags }: AtDatabase,
  values: UndoInput['values'],
): readonly string[] {
  if (!rows.some(({ isLeft }) => isLeft === true)) {
    return [
      'No rollback has left these rows. They are locked until their transaction ends;',
      'how it stands:  npx nestjs-dtx transactions',
    ];
  }
  return [
    'A rollback has left these rows for you to decide. To take them',
    `  as they are now       npx nestjs-dtx undo keep-current ${xid}${flags}`,
    `  as they were before   npx nestjs-dtx undo force-before ${xid}${flags}`,
    'For one row alone add --table TABLE --key KEY. Then let the rollback end:',
    `                        ${retryCommand(xid, values)}`,
  ];
}
