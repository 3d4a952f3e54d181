import pg from 'pg';

import { FileError, shownOf } from '../file-error.js';
import { splitStatements } from './split-statements.js';

interface ServerError {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly message: string;
  readonly position?: string;
}

/** What psql understands, and no other client. */
const PROBLEMS = [
  { sign: /^\\/, text: 'This is a command of psql, which only psql understands. Take it out.' },
  {
    sign: /^COPY\b[^;]*\bFROM\s+STDIN\b/i,
    text: 'COPY … FROM stdin needs psql. Write INSERT statements (pg_dump --inserts).',
  },
];

const inLine = (line: number, problem: string, statement: string): string =>
  `The file does not load. Line ${String(line)}: ${problem}\n${shownOf(statement)}`;

/** @throws FileError with the database's error, and the line and the beginning of the statement */
export async function loadFile(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const { line, text } of splitStatements(sql)) {
      const problem = PROBLEMS.find(({ sign }) => sign.test(text));
      if (problem !== undefined) throw new FileError(inLine(line, problem.text, text));
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
  const more = [detail, hint].filter((each) => each !== undefined);
  return [
    `The file does not load. Line ${String(at)}: ${message} (SQLSTATE ${code})`,
    ...more,
    `in the statement that begins in line ${String(line)}:`,
    shownOf(text),
  ].join('\n');
}
