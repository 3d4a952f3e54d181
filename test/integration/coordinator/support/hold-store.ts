import { openSqliteStore } from '../../../../lib/coordinator/index.js';

/*
 * A program of its own: opens the store that its argument names, says "open" or why not, and keeps
 * it until it is killed, or whoever started it is gone.
 */
openSqliteStore(process.argv[1] ?? '').then(
  () => {
    process.stdout.write('open\n');
    process.stdin.resume();
  },
  (error: unknown) => {
    process.stdout.write(`${(error as Error).message}\n`);
  },
);
process.stdin.on('end', () => process.exit());
