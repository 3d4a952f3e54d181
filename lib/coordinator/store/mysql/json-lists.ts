/**
 * A statement has to fit into one packet of the server (`max_allowed_packet`: 16 MiB on MariaDB, 64
 * on MySQL). Characters outside ASCII take up to three bytes, and quotes are escaped on their way.
 */
const LENGTH_MAX = 2_097_152;

type Scalar = string | number | null;

/** The entries as JSON lists, none of them longer than a statement may be; none for no entries. */
export function* jsonLists(entries: readonly (Scalar | readonly Scalar[])[]): Generator<string> {
  let texts: string[] = [];
  let length = 0;
  for (const entry of entries) {
    const text = textOf(entry);
    if (texts.length > 0 && length + text.length > LENGTH_MAX) {
      yield `[${texts.join()}]`;
      texts = [];
      length = 0;
    }
    texts.push(text);
    length += text.length;
  }
  if (texts.length > 0) yield `[${texts.join()}]`;
}

/** JSON writes half a character as an escape: to look for one in each text would cost far more. */
function textOf(entry: Scalar | readonly Scalar[]): string {
  const text = JSON.stringify(entry);
  return text.includes('\\ud') ? JSON.stringify(entry, wellFormed) : text;
}

/** Half a character, as left by a text that was cut off, is no JSON for the server. */
function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\uFFFD') : value;
}
