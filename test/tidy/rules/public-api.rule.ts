import { relative } from 'node:path';
import ts from 'typescript';

import { ROOT, type Finding } from '../source.js';

/**
 * Every name that an application can import says what it is for, and says that it may be relied on.
 */
export function undocumentedExports(
  program: ts.Program,
  entries: readonly string[],
): readonly Finding[] {
  const checker = program.getTypeChecker();
  const found = entries.flatMap((entry) => {
    const file = program.getSourceFile(entry);
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} is not a module of this program`);
    return checker.getExportsOfModule(module).flatMap((name) => check(name, checker));
  });
  // One name may be exported by several entries.
  return [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
}

function check(exported: ts.Symbol, checker: ts.TypeChecker): readonly Finding[] {
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
  const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
  const declaration = symbol.declarations?.[0];
  if (declaration === undefined) throw new Error(`${exported.name} is exported, but not declared`);
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart());
  return complaints(symbol, checker).map((complaint) => ({
    path: relative(ROOT, file.fileName),
    line: line + 1,
    message: `${exported.name} is exported, but ${complaint}`,
  }));
}

function complaints(symbol: ts.Symbol, checker: ts.TypeChecker): readonly string[] {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol.getJsDocTags(checker).map(({ name }) => name);
  if (text.trim() === '') return ['has no docstring'];
  return tags.includes('publicApi') ? [] : ['its docstring has no @publicApi'];
}
