/**
 * Characters that a terminal obeys instead of showing them, and those that turn the direction of a
 * line round: names and error texts come from other programs.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text for one line of a terminal. */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** The same for a text of several lines, and for JSON, where it stays the same value. */
export function printableLines(text: string): string {
  return text.replace(OBEYED, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
