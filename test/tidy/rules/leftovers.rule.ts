import ts from 'typescript';

import { findingAt, isScript, isTypeScript, nodesOf, parse, type Rule } from '../source.js';

const NOTE = /\b(TODO|FIXME|XXX)\b/;

/** What somebody meant to come back to: do it, or say in the docs that it is not done. */
export const notes: Rule = (source) => {
  if (!isScript(source)) return [];
  const file = parse(source);
  return commentsOf(file).flatMap(({ start, text }) => {
    const note = NOTE.exec(text);
    if (note === null) return [];
    const { line } = file.getLineAndCharacterOfPosition(start + note.index);
    return [{ path: source.path, line: line + 1, message: `still says ${note[0]}` }];
  });
};

/** A library logs through the logger of its host; only its programs print. */
export const consoleCalls: Rule = (source) => {
  if (!isTypeScript(source) || !/^lib\/(?!cli\/)/.test(source.path)) return [];
  const file = parse(source);
  return [...nodesOf(file)]
    .filter(ts.isPropertyAccessExpression)
    .filter(({ expression }) => expression.getText() === 'console')
    .map((node) => findingAt(file, node, `prints by ${node.getText()}`));
};

/**
 * Comments belong to no node: they stand in the gap before each token, and after the last one of a
 * line.
 */
function commentsOf(file: ts.SourceFile): readonly { start: number; text: string }[] {
  const found = new Map<number, string>();
  for (const node of nodesOf(file)) {
    if (node.getChildCount() > 0) continue;
    const ranges = [
      ...(ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(file.text, node.getEnd()) ?? []),
    ];
    for (const { pos, end } of ranges) found.set(pos, file.text.slice(pos, end));
  }
  return [...found].map(([start, text]) => ({ start, text }));
}
