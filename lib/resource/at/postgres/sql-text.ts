/** `name` as an SQL identifier. Always quoted: which words are reserved depends on the version. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `text` as an SQL string, whatever standard_conforming_strings says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `body` between dollar quotes that do not occur in it. */
export function dollarQuoted(body: string): string {
  let tag = '$dtx$';
  for (let count = 1; body.includes(tag); count += 1) tag = `$dtx${String(count)}$`;
  return `${tag}\n${body}\n${tag}`;
}
