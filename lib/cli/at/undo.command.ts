import type { CliHost, Command } from '../command.interface.js';
import { operateCommand } from '../operate.command.js';
import { DATABASE_HELP, DATABASE_OPTIONS } from './at-database.js';
import { COORDINATOR_HELP, COORDINATOR_OPTIONS } from './coordinator-word.js';
import type { UndoInput } from './undo-arguments.js';
import { FILTER_OPTIONS, limitOf, xidMistake } from './undo-arguments.js';
import { orderUndo } from './undo-order.js';
import { showUndo } from './undo-show.js';

const HELP = `Usage: nestjs-dtx undo show XID [options]
       nestjs-dtx undo keep-current XID [options]
       nestjs-dtx undo force-before XID [options]
       nestjs-dtx undo retry XID [options]

For rows that a rollback has left, because somebody outside of the transaction had
changed them since, or because the database did not let it restore them.

  show          the rows of a transaction: before it, after it, and now
  keep-current  leave the rows as they are now, and forget what they were
  force-before  give the rows back what they were, whoever has changed them since
  retry         have the coordinator try the rollback again, which ends it when no
                row is left; the same as "nestjs-dtx retry"

keep-current and force-before show what they would do, and do it with --yes.

Options:
${DATABASE_HELP}
  --table TABLE    only rows of this table, with or without its schema
  --key KEY        only the row of this key, as show prints it
  --limit N        show at most so many rows (default 100)
  --yes            do it
${COORDINATOR_HELP}
  --json           print JSON
  -h, --help       show this help

What is shown is what stands in the rows, and may be confidential.
`;

type Work = (xid: string, input: UndoInput, host: CliHost) => Promise<number>;

const WORK: Readonly<Record<string, Work>> = {
  show: showUndo,
  'keep-current': (xid, input, host) => orderUndo('keep-current', xid, input, host),
  'force-before': (xid, input, host) => orderUndo('force-before', xid, input, host),
  retry: async (xid, { values }, host) =>
    operateCommand('retry').run({ positionals: [xid], values }, host),
};

export const undoCommand: Command = {
  summary: 'rows that a rollback has left: look at them, and decide about them',
  help: HELP,
  options: {
    ...DATABASE_OPTIONS,
    ...FILTER_OPTIONS,
    ...COORDINATOR_OPTIONS,
    yes: { type: 'boolean' },
  },
  async run({ positionals, values }, host) {
    const [action = '', xid, unknown] = positionals;
    const work = Object.hasOwn(WORK, action) ? WORK[action] : undefined;
    const limit = limitOf(values['limit']);
    if (work !== undefined && xid !== undefined && unknown === undefined) {
      const mistake = xidMistake(xid);
      if (mistake === undefined && typeof limit === 'number') {
        return work(xid, { values, limit }, host);
      }
      host.err(`${mistake ?? String(limit)}\n`);
      return 2;
    }
    host.err(`${mistakeIn(action, work, xid, unknown)}\n${HELP}`);
    return 2;
  },
};

function mistakeIn(
  action: string,
  work: Work | undefined,
  xid: string | undefined,
  unknown: string | undefined,
): string {
  if (action === '') return `Say what to do: ${Object.keys(WORK).join(', ')}.`;
  if (work === undefined) return `What is "undo ${action}"?`;
  if (xid === undefined) return 'Name the transaction by its XID.';
  return `What is "${unknown ?? ''}"?`;
}
