/** The file does not load, in words for whoever wrote it. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

const STATEMENT_SHOWN_MAX = 300;

/** The beginning of a statement of the file. */
export const shownOf = (text: string): string =>
  text.length > STATEMENT_SHOWN_MAX ? `${text.slice(0, STATEMENT_SHOWN_MAX)}…` : text;
