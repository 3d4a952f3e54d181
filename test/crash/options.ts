import { parseArgs } from 'node:util';

import { LIB_DEFAULT } from './product.js';
import type { Mode } from './world/world.js';

export const USAGE = `Usage: npm run crash -- --mode at|tcc|xa|mixed [options]

  --case N       one case of the mode, or some: 3,70-75; --list shows them
  --list         what there is, without running anything
  --sample SEED  some of the cases, chosen by the number
  --count N      how many a sample has (25)
  --lib FOLDER   another compiled library
  --planted BUG  with a mistake in a copy of the library: the checks have to see it
  --record       print the failpoints of a transaction that nothing befalls
  --json         end with one line of JSON

A coordinator, two participants on PostgreSQL and MariaDB, and a client, as processes. In each case
one of them, or a server, or the network between two of them, fails at a numbered point. Then
everything that died is started again, and the databases and what the client was told must agree.

Exit status: 0 all is well, 1 it is not, 2 wrong arguments.
`;

export interface CrashOptions {
  readonly mode: Mode;
  readonly caseNumbers?: ReadonlySet<number>;
  readonly isList: boolean;
  readonly sample?: number;
  readonly count: number;
  readonly lib: string;
  readonly planted?: string;
  readonly isRecord: boolean;
  readonly json: boolean;
}

const MODES: readonly string[] = ['at', 'tcc', 'xa', 'mixed'];

/** Reads the command line, or explains it and ends the process. */
export function crashOptions(): CrashOptions {
  try {
    const { values } = parseArgs({
      options: {
        mode: { type: 'string', default: 'at' },
        case: { type: 'string' },
        list: { type: 'boolean', default: false },
        sample: { type: 'string' },
        count: { type: 'string', default: '25' },
        lib: { type: 'string', default: LIB_DEFAULT },
        planted: { type: 'string' },
        record: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (!MODES.includes(values.mode)) throw new Error(`There is no mode "${values.mode}".`);
    return {
      mode: values.mode as Mode,
      ...(values.case !== undefined && { caseNumbers: numbersOf(values.case) }),
      ...(values.sample !== undefined && { sample: whole('--sample', values.sample) }),
      ...(values.planted !== undefined && { planted: values.planted }),
      isList: values.list,
      count: whole('--count', values.count),
      lib: values.lib,
      isRecord: values.record,
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function numbersOf(text: string): ReadonlySet<number> {
  const numbers = text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-');
    const from = whole('--case', first);
    return Array.from({ length: whole('--case', last) - from + 1 }, (_, index) => from + index);
  });
  return new Set(numbers);
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,9}$/.test(text) && value > 0) return value;
  throw new Error(`${option} needs a whole number above 0, and got "${text}".`);
}
