import ts from 'typescript';

import { findingAt, isSpec, nodesOf, parse, type Finding, type Rule } from '../source.js';

const BLOCK = /^(describe|it|test)(\.(only|skip|failing|concurrent|each))*$/;
const FOCUSED = /\.only$|^f(describe|it)$/;

/** One focused test switches all others of its file off, in silence. */
export const focusedTests: Rule = (source) => {
  if (!isSpec(source)) return [];
  const file = parse(source);
  return callsOf(file)
    .filter((call) => FOCUSED.test(calleeOf(call)))
    .map((call) => findingAt(file, call, `runs ${calleeOf(call)} and leaves the others out`));
};

/** A title is the name by which a failure is found again. */
export const duplicateTitles: Rule = (source) => {
  if (!isSpec(source)) return [];
  const file = parse(source);
  const seen = new Map<string, number>();
  return callsOf(file).flatMap((call): readonly Finding[] => {
    const title = isTest(call) ? fullTitle(call) : undefined;
    if (title === undefined) return [];
    const finding = findingAt(file, call, '');
    const first = seen.get(title) ?? finding.line;
    seen.set(title, first);
    if (first === finding.line) return [];
    return [{ ...finding, message: `repeats the title of line ${first}: ${title}` }];
  });
};

/** A test that expects nothing passes whatever the code does. */
export const assertionFree: Rule = (source) => {
  if (!isSpec(source)) return [];
  const calls = callsOf(parse(source)).map(calleeOf);
  if (calls.some((callee) => /^(expect|assert)\b/.test(callee))) return [];
  return [{ path: source.path, line: 1, message: 'has no expect' }];
};

const callsOf = (file: ts.SourceFile): readonly ts.CallExpression[] =>
  [...nodesOf(file)].filter(ts.isCallExpression);

const calleeOf = ({ expression }: ts.CallExpression): string => expression.getText();

const isTest = (call: ts.CallExpression): boolean => /^(it|test)\b/.test(blockName(call) ?? '');

/** `it`, `it.skip`, and for `it.each(table)(title, …)` the inner call's name. */
function blockName({ expression }: ts.CallExpression): string | undefined {
  const name = (ts.isCallExpression(expression) ? expression.expression : expression).getText();
  return BLOCK.test(name) ? name : undefined;
}

/** Titles of the surrounding blocks and its own; undefined when one of them is computed. */
function fullTitle(call: ts.CallExpression): string | undefined {
  const titles: string[] = [];
  for (let node: ts.Node = call; !ts.isSourceFile(node); node = node.parent) {
    if (!ts.isCallExpression(node) || blockName(node) === undefined) continue;
    const [title] = node.arguments;
    if (title === undefined || !ts.isStringLiteralLike(title)) return undefined;
    // A table fills it in.
    if (ts.isCallExpression(node.expression) && /[%$]/.test(title.text)) return undefined;
    titles.unshift(title.text);
  }
  return titles.join(' › ');
}
