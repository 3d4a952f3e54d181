import ts from 'typescript';

import {
  AMBIENT_CRYPTO,
  AMBIENT_GLOBALS,
  AMBIENT_MEMBERS,
  AMBIENT_MODULES,
  mayCallAmbient,
} from '../../../scripts/ambient-calls.mjs';
import { findingAt, isTypeScript, nodesOf, parse, type Rule } from '../source.js';

/**
 * Time, randomness, disk and network are reached through ports, or a seeded simulation is a lie.
 */
export const ambientCalls: Rule = (source) => {
  if (!isTypeScript(source) || mayCallAmbient(source.path)) return [];
  const file = parse(source);
  return [...nodesOf(file)].flatMap((node) => {
    const name = ambientName(node);
    return name === undefined
      ? []
      : [findingAt(file, node, `uses ${name} outside the folders that may`)];
  });
};

function ambientName(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return isGlobalUse(node) ? node.text : undefined;
  if (ts.isPropertyAccessExpression(node)) return ambientMember(node);
  if (ts.isNewExpression(node)) return isCurrentDate(node) ? 'new Date()' : undefined;
  if (ts.isImportDeclaration(node)) return ambientImport(node);
  if (ts.isCallExpression(node)) return ambientLoad(node);
  return undefined;
}

/** A name in the place of a value: `x.setTimeout` and `{ setTimeout: 1 }` mean something else. */
function isGlobalUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (!AMBIENT_GLOBALS.includes(node.text) || ts.isTypeNode(parent)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  return !('name' in parent && parent.name === node);
}

function ambientMember(node: ts.PropertyAccessExpression): string | undefined {
  const object = node.expression.getText();
  const member = node.name.text;
  const isAmbient =
    object === 'globalThis'
      ? AMBIENT_GLOBALS.includes(member)
      : AMBIENT_MEMBERS.some(([owner, name]) => owner === object && name === member);
  return isAmbient ? `${object}.${member}` : undefined;
}

const isCurrentDate = (node: ts.NewExpression): boolean =>
  node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0;

function ambientImport({ importClause, moduleSpecifier }: ts.ImportDeclaration) {
  if (importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return undefined;
  const module = moduleName(moduleSpecifier);
  if (AMBIENT_MODULES.includes(module)) return module;
  const names = importClause?.namedBindings;
  if (module !== 'crypto' || names === undefined || !ts.isNamedImports(names)) return undefined;
  return names.elements
    .map(({ name, propertyName }) => (propertyName ?? name).text)
    .find((name) => AMBIENT_CRYPTO.includes(name));
}

function ambientLoad({ expression, arguments: [first] }: ts.CallExpression) {
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword || expression.getText() === 'require';
  if (!loads || first === undefined) return undefined;
  const module = moduleName(first);
  return AMBIENT_MODULES.includes(module) ? module : undefined;
}

const moduleName = (node: ts.Expression): string =>
  ts.isStringLiteral(node) ? node.text.replace(/^node:/, '') : '';
