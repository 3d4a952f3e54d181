import { openSqliteStore } from '../../../../lib/coordinator/index.js';

/*
 * A program of its own: opens the store that its argument names, says "open" or why not, and keeps
 * it until it is killed, or whoever started it is gone.
 */
openSqliteStore(process.argv[1] ?? '').then(
  (store) => {
    process.stdout.write('open\n');
    // Names the store, too: one that nobody can reach any more is closed by the garbage collector,
    // and its lock is free.
    process.stdin.on('end', () => void store.close().finally(() => process.exit()));
    process.stdin.resume();
  },
  (error: unknown) => {
    process.stdout.write(`${(error as Error).message}\n`);
  },
);
