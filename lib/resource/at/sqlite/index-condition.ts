const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/;
const TOKEN = new RegExp(`${QUOTED.source}|${COMMENT.source}|[()]|[A-Za-z_]\\w*`, 'g');

/** The condition of a partial index, from the text that has created it. */
export function indexCondition(sql: string): string | undefined {
  let depth = 0;
  for (const match of sql.matchAll(TOKEN)) {
    const token = match[0];
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth === 0 && token.toUpperCase() === 'WHERE') {
      const condition = sql.slice(match.index + token.length).trim();
      // A comment at the end would take the parenthesis behind it along.
      return condition.includes('--') ? `${condition}\n` : condition;
    }
  }
  return undefined;
}
