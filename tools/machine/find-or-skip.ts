/** What to say and do when a server is missing. */
export interface MissingServer {
  /** A sentence that names what to install. */
  readonly missing: string;
  /** Throw it instead of going on without. @default true where CI=true */
  readonly required?: boolean;
}

/** @returns what was found, or undefined after a line on stderr when there is nothing to find */
export async function findOrSkip<T>(
  find: () => Promise<T>,
  { missing, required = process.env['CI'] === 'true' }: MissingServer,
): Promise<T | undefined> {
  try {
    return await find();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    const text = `${missing} (${reason})`;
    if (required) throw new Error(text, { cause });
    process.stderr.write(`\n${text}\nWhat needs it is SKIPPED.\n\n`);
    return undefined;
  }
}
