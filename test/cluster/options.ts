import { parseArgs } from 'node:util';

import { LIB_DEFAULT } from './product.js';

export const USAGE = `Usage: npm run test:cluster -- [options]

  --seconds N      how long the load runs (60)
  --concurrency N  transactions at a time on each node (6)
  --lib FOLDER     another compiled library, such as one with a planted bug (dist/esm)
  --json           end with one line of JSON

Two coordinator nodes on one durable PostgreSQL; in turn one is killed and one is frozen for longer
than its leases, while both run transactions across both. Then everything has to come to an end, and
the databases and what the clients were told have to agree.

Exit status: 0 all is well, 1 it is not, 2 wrong arguments.
`;

export interface ClusterOptions {
  readonly seconds: number;
  readonly concurrency: number;
  readonly lib: string;
  readonly json: boolean;
}

/** Reads the command line, or explains it and ends the process. */
export function clusterOptions(): ClusterOptions {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        concurrency: { type: 'string', default: '6' },
        lib: { type: 'string', default: LIB_DEFAULT },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return {
      seconds: whole('--seconds', values.seconds),
      concurrency: whole('--concurrency', values.concurrency),
      lib: values.lib,
      json: values.json,
    };
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
