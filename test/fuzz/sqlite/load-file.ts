import type Database from 'better-sqlite3';

import { FileError, shownOf } from '../file-error.js';
import { splitStatements } from './split-statements.js';

/** What the shell understands by itself. */
const OF_THE_SHELL = /^\.\w+/;

/** @throws FileError with the database's error, and the line and the beginning of the statement */
export function loadFile(database: Database.Database, sql: string): void {
  for (const { line, text } of splitStatements(sql)) {
    const where = `The file does not load. Line ${String(line)}:`;
    if (OF_THE_SHELL.test(text)) {
      const problem = 'This is a command of the sqlite3 shell, which only it understands.';
      throw new FileError(`${where} ${problem} Take it out.\n${shownOf(text)}`);
    }
    try {
      database.exec(text);
    } catch (error) {
      throw new FileError(`${where} ${(error as Error).message}\n${shownOf(text)}`);
    }
  }
  if (database.inTransaction) database.exec('COMMIT');
}
