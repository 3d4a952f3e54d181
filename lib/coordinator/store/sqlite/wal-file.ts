import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';

/** The write-ahead log of a database, as far as it concerns the disk. */
export interface WalFile {
  /** Resolves when everything that was committed before the call is on the disk. */
  sync(): Promise<void>;
  /** Makes the log this long, with zeros behind its end. Only while nobody else adds to it. */
  reserve(bytes: number): void;
  close(): void;
}

/**
 * A disk this fast is done before another thread has been woken up and has called back: that takes
 * 0.3 to 0.5 ms where the cores are busy.
 */
const QUICK_SYNC_MS = 1;

/** How often a disk that was slow is tried again. */
const PROBE_EVERY = 64;

const ZEROS = Buffer.alloc(1024 * 1024);

/**
 * The log beside an SQLite file in WAL mode under `synchronous=NORMAL`, where COMMIT only writes.
 *
 * Under FULL, SQLite waits for the disk inside COMMIT, in the thread that serves every request.
 * Here the wait is a thread pool's, unless the disk is quick: what arrives meanwhile gathers for
 * the next batch. The promise is the same, since a commit is in the log alone, and nobody is
 * answered before this has resolved.
 *
 * Opening and closing the log frees none of SQLite's locks: those are on the other two files.
 */
export function walFileOf(databaseFile: string): WalFile {
  let descriptor: number | undefined;
  let isQuick = false;
  let count = 0;
  // SQLite creates the log with the first write, so it is not there any sooner.
  const opened = (): number => (descriptor ??= openSync(`${databaseFile}-wal`, 'r+'));
  const syncHere = (): void => {
    const startedMs = performance.now();
    fdatasyncSync(opened());
    isQuick = performance.now() - startedMs < QUICK_SYNC_MS;
  };
  const syncElsewhere = (): Promise<void> =>
    new Promise((resolve, reject) => {
      fdatasync(opened(), (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  return {
    sync: async () => {
      count += 1;
      if (isQuick || count % PROBE_EVERY === 0) syncHere();
      else await syncElsewhere();
    },
    reserve: (bytes) => {
      const { size } = fstatSync(opened());
      // Written and not just claimed: a block that was never written is a change of its own.
      for (let at = size; at < bytes; at += ZEROS.length) {
        writeSync(opened(), ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
      }
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
  reserve: () => undefined,
  close: () => undefined,
};
