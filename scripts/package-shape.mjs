// @ts-check
/**
 * Looks at the package as npm would publish it: what tools of the trade say about its exports, and
 * whether an application that installs it without the optional peers can load it and compile
 * against it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import ts from 'typescript';

import { buildOrExit, ROOT } from './build.mjs';
import { run } from './command.mjs';
import { pack } from './pack.mjs';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** @param {string} name */
const isBuiltin = (name) => name.startsWith('node:') || builtinModules.includes(name);
/** @type {(peer: string, name: string) => boolean} */
const isOf = (peer, name) => name === peer || name.startsWith(`${peer}/`);
/** @param {boolean} optional */
const peers = (optional) =>
  Object.keys(manifest.peerDependencies).filter(
    (peer) => (manifest.peerDependenciesMeta[peer]?.optional ?? false) === optional,
  );
/**
 * Whoever imports the subpath has what it is about; the other entries know none of the optional
 * peers.
 */
const OPTIONAL = /** @type {Record<string, string[]>} */ ({
  './typeorm': ['typeorm'],
  './pg': ['pg'],
  './mysql2': ['mysql2'],
  './coordinator': ['@nestjs/microservices', '@grpc/grpc-js', 'protobufjs', 'grpc-health-check'],
});

await main();

async function main() {
  buildOrExit('package');
  const folder = mkdtempSync(join(tmpdir(), 'dtx-shape-'));
  try {
    const tarball = await pack(folder);
    const bin = (/** @type {string} */ name) => join(ROOT, 'node_modules/.bin', name);
    const reports = [
      await run([bin('publint'), tarball, '--strict']),
      await run([bin('attw'), tarball]),
    ].map(({ ok, output }) => (ok ? '' : output));
    const complaints = [...reports, ...Object.keys(manifest.exports).flatMap(strangersOf)];
    const text = complaints.filter((complaint) => complaint !== '').join('\n');
    process.stdout.write(text === '' ? 'The package has the right shape.\n' : `${text}\n`);
    process.exitCode = text === '' ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Everything that an entry reaches, by what runs and by what the compiler reads, and that an
 * application need not have.
 *
 * @param {string} entry
 */
function strangersOf(entry) {
  const conditions = manifest.exports[entry];
  if (typeof conditions === 'string') return [];
  const allowed = [...peers(false), ...(OPTIONAL[entry] ?? [])];
  const roots = ['import', 'require'].flatMap((condition) => Object.values(conditions[condition]));
  return [...importsBelow(roots.map((/** @type {string} */ file) => join(ROOT, file)))]
    .filter(([name]) => !isBuiltin(name) && !allowed.some((peer) => isOf(peer, name)))
    .map(([name, file]) => `"${entry}" needs ${name}: ${relative(ROOT, file)}`);
}

/**
 * @param {string[]} roots
 * @returns {Map<string, string>} packages that are imported, each with one file that does
 */
function importsBelow(roots) {
  const found = new Map();
  const seen = new Set(roots);
  // A Set may grow while it is walked: this is the queue, too.
  for (const file of seen) {
    for (const name of importedBy(file)) {
      if (name.startsWith('.')) seen.add(resolveRelative(file, name));
      else if (!found.has(name)) found.set(name, file);
    }
  }
  return found;
}

/**
 * What is there as soon as the file is. An import within a function is how optional peers are
 * loaded when they are asked for; the compiler, on the other hand, reads all of a declaration.
 *
 * @param {string} file
 */
function importedBy(file) {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.d.ts')) {
    return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  }
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return [...loadedAtOnce(source)];
}

/**
 * @param {ts.Node} node
 * @returns {Generator<string>}
 */
function* loadedAtOnce(node) {
  if (ts.isFunctionLike(node)) return;
  const name = moduleNameOf(node);
  if (name !== undefined && ts.isStringLiteral(name)) yield name.text;
  /** @type {ts.Node[]} */
  const children = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* loadedAtOnce(child);
}

/** @param {ts.Node} node */
function moduleNameOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return node.expression.text === 'require' ? node.arguments[0] : undefined;
}

/**
 * @param {string} file
 * @param {string} name
 */
function resolveRelative(file, name) {
  const target = join(dirname(file), name);
  if (!file.endsWith('.d.ts')) return target;
  const declaration = target.replace(/\.js$/, '.d.ts');
  return existsSync(declaration) ? declaration : target;
}
