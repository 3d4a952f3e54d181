import pg from 'pg';

import { splitStatements } from './split-statements.js';

/** The file does not load, in words for whoever wrote it. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

interface ServerError {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly message: string;
  readonly position?: string;
}

const STATEMENT_SHOWN_MAX = 300;

/** @throws FileError with the database's error, and the line and the beginning of the statement */
export async function loadFile(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const { line, text } of splitStatements(sql)) {
      await client.query(text).catch((error: unknown) => {
        throw new FileError(describe(error as ServerError, text, line));
      });
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

function describe(error: ServerError, text: string, line: number): string {
  const { code = '?', detail, hint, message, position } = error;
  const before = text.slice(0, position === undefined ? 0 : Number(position) - 1);
  const at = line + before.split('\n').length - 1;
  const shown = text.length > STATEMENT_SHOWN_MAX ? `${text.slice(0, STATEMENT_SHOWN_MAX)}…` : text;
  const more = [detail, hint].filter((each) => each !== undefined);
  return [
    `The file does not load. Line ${String(at)}: ${message} (SQLSTATE ${code})`,
    ...more,
    `in the statement that begins in line ${String(line)}:`,
    shown,
  ].join('\n');
}
