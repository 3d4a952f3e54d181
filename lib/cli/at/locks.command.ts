import type { HeldLock } from '../../resource/at/index.js';
import type { Command } from '../command.interface.js';
import { duration } from '../duration.js';
import { printable, printableLines } from '../printable.js';
import { textTable } from '../text-table.js';
import { DATABASE_HELP, DATABASE_OPTIONS, atDatabase } from './at-database.js';
import type { CoordinatorWord } from './coordinator-word.js';
import {
  COORDINATOR_HELP,
  COORDINATOR_OPTIONS,
  askCoordinator,
  wordOn,
} from './coordinator-word.js';
import { FILTER_OPTIONS, filterOf, limitOf, xidMistake } from './undo-arguments.js';

const HELP = `Usage: nestjs-dtx locks [options]

Lists the rows of a database that global transactions hold, by transaction, the oldest
first. What stands in the rows is not shown.

Options:
${DATABASE_HELP}
  --table TABLE    only rows of this table, with or without its schema
  --key KEY        only the row of this key
  --xid XID        only rows of this transaction
  --limit N        show at most so many rows (default 100)
${COORDINATOR_HELP}
  --json           print JSON
  -h, --help       show this help
`;

export const locksCommand: Command = {
  summary: 'which rows of a database are held, and by which transactions',
  help: HELP,
  options: {
    ...DATABASE_OPTIONS,
    ...FILTER_OPTIONS,
    ...COORDINATOR_OPTIONS,
    xid: { type: 'string' },
  },
  async run({ positionals, values }, host) {
    const [unknown] = positionals;
    if (unknown !== undefined) {
      host.err(`What is "${unknown}"?\n${HELP}`);
      return 2;
    }
    const limit = limitOf(values['limit']);
    const xid = values['xid'] as string | undefined;
    const mistake = xidMistake(xid) ?? limit;
    if (typeof limit !== 'number' || typeof mistake === 'string') {
      host.err(`${String(mistake)}\n`);
      return 2;
    }
    return atDatabase(values, host, async ({ engine, place }) => {
      const found = await engine.desk.locks(filterOf(values, xid), limit + 1);
      const locks = found.slice(0, limit);
      const xids = locks.map((lock) => lock.xid);
      const word = await askCoordinator(values, host, xids);
      if (values['json'] === true) {
        const shown = { database: place, locks: locks.map(toJson(word)) };
        const isAll = found.length <= limit;
        host.out(printableLines(`${JSON.stringify({ ...shown, isAll }, undefined, 2)}\n`));
        return 0;
      }
      const count = `${String(locks.length)}${found.length > limit ? '+' : ''}`;
      host.out(`Locks in ${printable(place)} (${count})\n${asText(locks, word, host.now())}`);
      return 0;
    });
  },
};

const toJson = (word: CoordinatorWord | undefined) => (lock: HeldLock) => {
  const { sinceMs, ...rest } = lock;
  const status = word?.get(lock.xid)?.status;
  return { ...rest, since: new Date(sinceMs).toISOString(), status };
};

function asText(
  locks: readonly HeldLock[],
  word: CoordinatorWord | undefined,
  nowMs: number,
): string {
  const holders = new Map<string, HeldLock[]>();
  for (const lock of locks) holders.set(lock.xid, [...(holders.get(lock.xid) ?? []), lock]);
  return [...holders]
    .map(([xid, held]) => {
      const rows = held.map(({ key, table }) => [table, key].map(printable));
      return [`\n${holderLines(xid, held, word, nowMs)}`, ...textTable(rows, '    '), ''].join(
        '\n',
      );
    })
    .join('');
}

function holderLines(
  xid: string,
  held: readonly HeldLock[],
  word: CoordinatorWord | undefined,
  nowMs: number,
): string {
  const sinceMs = Math.min(...held.map((lock) => lock.sinceMs));
  const age = duration(Math.max(0, nowMs - sinceMs));
  const isLeft = held.some((lock) => lock.isLeft === true);
  const since = new Date(sinceMs).toISOString().slice(0, 19).replace('T', ' ');
  const notes = [
    `since ${since} UTC (${age})`,
    ...(isLeft ? ['left by a rollback'] : []),
    ...(word === undefined ? [] : [wordOn(xid, word)]),
  ];
  return `${printable(xid)}\n  ${notes.join('; ')}`;
}
