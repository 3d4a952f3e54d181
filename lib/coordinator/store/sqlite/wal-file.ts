import { closeSync, fdatasync, openSync } from 'node:fs';

/** The write-ahead log of a database, as far as it concerns the disk. */
export interface WalFile {
  /** Resolves when everything that was committed before the call is on the disk. */
  sync(): Promise<void>;
  close(): void;
}

/**
 * The log beside an SQLite file in WAL mode under `synchronous=NORMAL`, where COMMIT only writes.
 *
 * Under FULL, SQLite waits for the disk inside COMMIT, in the thread that serves every request.
 * Here the wait is a thread pool's: what arrives meanwhile gathers for the next batch. The promise
 * is the same, since a commit is in the log alone, and nobody is answered before this has resolved.
 *
 * Opening and closing the log frees none of SQLite's locks: those are on the other two files.
 */
export function walFileOf(databaseFile: string): WalFile {
  let descriptor: number | undefined;
  return {
    sync: () =>
      new Promise((resolve, reject) => {
        // SQLite creates the log with the first write, so it is not there any sooner.
        descriptor ??= openSync(`${databaseFile}-wal`, 'r+');
        fdatasync(descriptor, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** For a database that no disk holds. */
export const NO_WAL_FILE: WalFile = {
  sync: () => Promise.resolve(),
  close: () => undefined,
};
