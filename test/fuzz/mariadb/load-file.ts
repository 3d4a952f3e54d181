import { createConnection } from 'mysql2/promise';

import { FileError, shownOf } from '../file-error.js';
import { splitStatements } from './split-statements.js';

/** Tables are laid into a database of ours, whatever the file calls its own. */
const OF_ANOTHER_DATABASE = /^(?:\/\*!\d+\s*)?(?:(?:CREATE|DROP)\s+(?:DATABASE|SCHEMA)|USE)\b/i;

const USES_DATABASE = /^USE\s+(\S+)/i;

interface ServerError {
  readonly errno?: number;
  readonly message: string;
}

/** @throws FileError with the server's error, and the line and the beginning of the statement */
export async function loadFile(url: string, sql: string): Promise<void> {
  const statements = splitStatements(sql);
  const used = new Set(statements.flatMap(({ text }) => USES_DATABASE.exec(text)?.[1] ?? []));
  if (used.size > 1) {
    const names = [...used].join(', ');
    throw new FileError(`The file uses ${names}: give the tables of one database.`);
  }
  const connection = await createConnection({ uri: url, supportBigNumbers: true });
  try {
    for (const { line, text } of statements) {
      if (OF_ANOTHER_DATABASE.test(text)) continue;
      await connection.query(text).catch((error: unknown) => {
        throw new FileError(describe(error as ServerError, text, line));
      });
    }
    await connection.query('UNLOCK TABLES');
    await connection.query('COMMIT');
  } finally {
    await connection.end();
  }
}

function describe({ errno, message }: ServerError, text: string, line: number): string {
  // The server counts the lines of what it was sent.
  const within = Number(/ at line (\d+)$/.exec(message)?.[1] ?? 1);
  const at = String(line + within - 1);
  return [
    `The file does not load. Line ${at}: ${message} (error ${String(errno)})`,
    `in the statement that begins in line ${String(line)}:`,
    shownOf(text),
  ].join('\n');
}
