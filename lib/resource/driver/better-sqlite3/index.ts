/** SQLite over better-sqlite3, behind a library that runs its statements asynchronously. */
export { RunnerSeam } from './runner-seam.js';
export { SqliteFile } from './sqlite-file.js';
export type { RunnerContext } from './sqlite-file.js';
