import { delimiter } from 'node:path';

/** Where to look for a server. */
export interface ServerSearch {
  /** Folders of programs, best first. */
  readonly folders: readonly string[];
  /** Where Debian's package is unpacked when no folder has a server. */
  readonly cacheDir: string;
}

/** Where this machine has its programs. */
export const PROGRAM_FOLDERS: readonly string[] = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => folder !== '');
