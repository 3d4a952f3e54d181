import type { HeldRow, OrderReport, UndoOrder } from '../../resource/at/index.js';
import type { CliHost } from '../command.interface.js';
import { printable, printableLines } from '../printable.js';
import { textTable, wrapped } from '../text-table.js';
import { atDatabase } from './at-database.js';
import { askCoordinator, parkedBranches, retryCommand } from './coordinator-word.js';
import { DIFF_LEGEND, rowLines } from './row-diff.js';
import { nothingOf } from './undo-show.js';
import type { UndoInput } from './undo-arguments.js';
import { filterOf } from './undo-arguments.js';

const WIDTH = 92;

interface OrderWords {
  readonly would: string;
  readonly did: string;
}

const WORDS: Readonly<Record<UndoOrder, OrderWords>> = {
  'keep-current': {
    would: 'keep-current would leave these rows as they are NOW, and forget what they were:',
    did: 'These rows stay as they are, and are no longer held:',
  },
  'force-before': {
    would: 'force-before would give these rows what they were BEFORE, whatever they are NOW:',
    did: 'These rows are as they were before the transaction, and are no longer held:',
  },
};

/** Carries out what a person wants, or shows what that would be. */
export function orderUndo(
  order: UndoOrder,
  xid: string,
  { limit, values }: UndoInput,
  host: CliHost,
): Promise<number> {
  const isJson = values['json'] === true;
  const filter = { ...filterOf(values, xid), xid };
  return atDatabase(values, host, async (database) => {
    const word = await askCoordinator(values, host, [xid]);
    if (values['yes'] !== true) {
      const rows = await database.engine.desk.rows(filter, limit);
      if (rows.length > 0 && !isJson) host.out(previewText(order, rows));
      host.err(rows.length > 0 ? NOTHING_DONE : `${nothingOf(xid, database, values, word)}\n`);
      return 1;
    }
    const parked = parkedBranches(xid, word);
    const report = await database.engine.desk.order(order, filter, parked);
    const { done, left } = report;
    if (isJson) host.out(printableLines(`${JSON.stringify({ xid, ...report }, undefined, 2)}\n`));
    else
      host.out(
        done.length + left.length === 0
          ? `${nothingOf(xid, database, values, word)}\n`
          : reportText(order, report, retryCommand(xid, values)),
      );
    if (left.length === 0) return 0;
    if (word === undefined) host.err(ASK_THE_COORDINATOR);
    return 1;
  });
}

const NOTHING_DONE = 'Nothing was changed. To do it, add --yes.\n';

const ASK_THE_COORDINATOR =
  'If the coordinator says that the rollback of such a row needs attention, name the ' +
  'coordinator\nby --store, and its word is taken for it.\n';

const previewText = (order: UndoOrder, rows: readonly HeldRow[]): string =>
  [WORDS[order].would, '', ...rows.flatMap((row) => [...rowLines(row), '']), DIFF_LEGEND, ''].join(
    '\n',
  );

function reportText(order: UndoOrder, { done, left }: OrderReport, retry: string): string {
  const names = done.map(({ key, table }) => [table, key].map(printable));
  const reasons = left.flatMap(({ key, reason, table }) => [
    `  ${printable(`${table}  ${key}`)}`,
    ...wrapped(printable(reason), WIDTH).map((line) => `      ${line}`),
  ]);
  return [
    ...(done.length === 0 ? [] : [WORDS[order].did, ...textTable(names)]),
    ...(left.length === 0 ? [] : ['These rows are as they were, and are still held:', ...reasons]),
    ...(done.length === 0 ? [] : [`Let the rollback end: ${retry}`]),
    '',
  ].join('\n');
}
