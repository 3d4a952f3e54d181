import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** The write-ahead log of a database, as far as it concerns the disk. */
export interface WalFile {
  /**
   * Resolves when everything that was committed before the call is on the disk.
   *
   * @param isLone whether hardly anything was written, so that little can gather meanwhile
   */
  sync(isLone: boolean): Promise<void>;
  close(): void;
}

/** A disk this fast is done before another thread has been woken up. */
const QUICK_SYNC_MS = 0.5;

/**
 * The log beside an SQLite file in WAL mode under `synchronous=NORMAL`, where COMMIT only writes.
 *
 * Under FULL, SQLite waits for the disk inside COMMIT, in the thread that serves every request.
 * Here the wait is a thread pool's: what arrives meanwhile gathers for the next batch. The promise
 * is the same, since a commit is in the log alone, and nobody is answered before this has resolved.
 * Only where nothing would gather, and the disk has just been quick, the hand-over to another
 * thread would cost more than the wait.
 *
 * Opening and closing the log frees none of SQLite's locks: those are on the other two files.
 */
export function walFileOf(databaseFile: string): WalFile {
  let descriptor: number | undefined;
  let lastMs = Infinity;
  // SQLite creates the log with the first write, so it is not there any sooner.
  const opened = (): number => (descriptor ??= openSync(`${databaseFile}-wal`, 'r+'));
  const syncHere = (): void => {
    const startedMs = performance.now();
    fdatasyncSync(opened());
    lastMs = performance.now() - startedMs;
  };
  const syncElsewhere = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const startedMs = performance.now();
      fdatasync(opened(), (error) => {
        lastMs = performance.now() - startedMs;
        if (error) reject(error);
        else resolve();
      });
    });
  return {
    sync: async (isLone) => {
      if (isLone && lastMs < QUICK_SYNC_MS) syncHere();
      else return syncElsewhere();
    },
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
