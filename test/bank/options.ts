import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run test:bank -- [options]

  --seconds N   how long the workers run (60)
  --json        end with one line of JSON

Eight workers on two PostgreSQL databases: six transfer money between them in global transactions,
of which many fail at random points, and two read all accounts under @GlobalLock and must always see
the same total. In the end the books have to agree, and nothing may be left: no undo row, no lock,
no fence past its age, no open transaction.

Exit status: 0 all is well, 1 it is not, 2 wrong arguments.
`;

export interface BankOptions {
  readonly seconds: number;
  readonly json: boolean;
}

/** Reads the command line, or explains it and ends the process. */
export function bankOptions(): BankOptions {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return { seconds: whole('--seconds', values.seconds), json: values.json };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,6}$/.test(text) && value > 0) return value;
  throw new Error(`${option} needs a whole number above 0, and got "${text}".`);
}
