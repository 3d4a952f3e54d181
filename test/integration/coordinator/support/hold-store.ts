import { openSqliteStore } from '../../../../lib/coordinator/index.js';

/*
 * A program of its own: opens the store that its argument names, says "open" or why not, and keeps
 * it until it is killed.
 */
openSqliteStore(process.argv[1] ?? '').then(
  () => {
    process.stdout.write('open\n');
    setInterval(() => undefined, 60_000);
  },
  (error: unknown) => {
    process.stdout.write(`${(error as Error).message}\n`);
  },
);
