import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const ENGINES = ['postgres', 'mariadb', 'sqlite'] as const;
export type EngineName = (typeof ENGINES)[number];

const USAGE = `Usage: npm run at:fuzz -- --schema FILE [options]

  --schema FILE      SQL with tables and, better, some rows; it may have types, functions, triggers,
                     views and whatever else the database takes
  --seconds N        how long to write (30)
  --transactions N   end after so many global transactions instead
  --seed N           repeats the transactions of a run
  --engine NAME      ${ENGINES.join(', ')}; the file may say it in its first line,
                     as in "-- engine: mariadb" (${ENGINES[0]})
  --json             end with one line of JSON

Writes at random to the tables of the file, in global transactions in AT mode of which half roll
back, and compares whole tables with a copy that has only ever seen what was committed.

Exit status: 0 no difference, 1 differences or something left behind, 2 wrong arguments or a file
that does not load.
`;

export interface FuzzOptions {
  readonly schema: string;
  readonly sql: string;
  readonly engine: EngineName;
  readonly seconds: number;
  readonly transactions: number | undefined;
  readonly seed: number;
  readonly json: boolean;
}

const SECONDS_DEFAULT = '30';
const SEEDS = 2 ** 31;
const ENGINE_LINE = /^--\s*engine:\s*(\S+)/;

/** Reads the command line, or explains it and ends the process. */
export function fuzzOptions(): FuzzOptions {
  try {
    const { values } = parseArgs({
      options: {
        schema: { type: 'string' },
        seconds: { type: 'string', default: SECONDS_DEFAULT },
        transactions: { type: 'string' },
        seed: { type: 'string' },
        engine: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (values.schema === undefined) throw new Error('--schema FILE is missing.');
    const sql = readSchema(values.schema);
    return {
      schema: values.schema,
      sql,
      engine: engineOf(values.engine ?? ENGINE_LINE.exec(sql)?.[1]),
      seconds: whole('--seconds', values.seconds),
      transactions:
        values.transactions === undefined
          ? undefined
          : whole('--transactions', values.transactions),
      seed:
        values.seed === undefined
          ? Math.floor(Math.random() * SEEDS)
          : whole('--seed', values.seed),
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function readSchema(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Error(`The file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function engineOf(name: string = ENGINES[0]): EngineName {
  const engine = ENGINES.find((known) => known === name);
  if (engine === undefined) throw new Error(`--engine is one of ${ENGINES.join(', ')}.`);
  return engine;
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && value > 0) return value;
  throw new Error(`${option} needs a whole number above 0, and got "${text}".`);
}
