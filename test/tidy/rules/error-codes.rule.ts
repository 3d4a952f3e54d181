import ts from 'typescript';

import { findingAt, nodesOf, parse, type Finding, type Source } from '../source.js';

const CODE = /\bDTX_ERR(_[A-Z0-9]+)+\b/g;
const HEADING = /^#+\s.*$/gm;

/** The catalogue and the classes say the same; each class has a code of its own. */
export function errorCodes(sources: readonly Source[], catalogue: Source): readonly Finding[] {
  const classes = sources.flatMap(codesOf);
  const known = new Set(classes.map(({ code }) => code));
  const headings = (catalogue.text.match(HEADING) ?? []).join('\n');
  const documented = new Set(headings.match(CODE));
  return [
    ...classes
      .filter(({ code }) => !documented.has(code))
      .map(({ code, at }) => ({ ...at, message: `${code} has no heading in ${catalogue.path}` })),
    ...classes
      .filter(({ code }, index) => classes.findIndex((other) => other.code === code) !== index)
      .map(({ code, at }) => ({ ...at, message: `${code} is the code of another class too` })),
    ...phantoms(catalogue, known),
  ];
}

/** `static readonly code = 'DTX_ERR_…'` of each class of a file. */
function codesOf(source: Source): readonly { code: string; at: Finding }[] {
  const file = parse(source);
  return [...nodesOf(file)]
    .filter(ts.isPropertyDeclaration)
    .filter(({ name, modifiers }) => name.getText() === 'code' && isStatic(modifiers))
    .flatMap((node) => {
      const value = node.initializer;
      if (value === undefined || !ts.isStringLiteral(value)) return [];
      // The root of the family is never thrown itself.
      if (value.text === 'DTX_ERR') return [];
      return [{ code: value.text, at: findingAt(file, node, '') }];
    });
}

const isStatic = (modifiers: readonly ts.ModifierLike[] = []): boolean =>
  modifiers.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);

function phantoms({ path, text }: Source, known: ReadonlySet<string>): readonly Finding[] {
  return text
    .split('\n')
    .flatMap((content, index) =>
      (content.match(CODE) ?? [])
        .filter((code) => !known.has(code))
        .map((code) => ({ path, line: index + 1, message: `no class has the code ${code}` })),
    );
}
