import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

export const ROOT = process.cwd();

/** A file of the repository. */
export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What a rule has to say about a file. `line` counts from 1. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export type Rule = (source: Source) => readonly Finding[];

const FOLDERS = ['lib', 'test', 'sample', 'tools', 'bench', 'scripts', 'docs', '.ci'];
const WRITTEN_BY_HAND = /(\.(ts|mjs|cjs|sql|md)|\/run)$/;
const NOT_OURS = /(^|\/)(node_modules|dist|\.dtx)\//;

/** Every text that people write here; not data, not what tools generate. */
export function readRepository(): readonly Source[] {
  const below = FOLDERS.flatMap((folder) => listFiles(join(ROOT, folder), true));
  return [...listFiles(ROOT, false), ...below]
    .map((file) => relative(ROOT, file).replaceAll('\\', '/'))
    .filter((path) => WRITTEN_BY_HAND.test(path) && !NOT_OURS.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function listFiles(folder: string, recursive: boolean): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    // A folder of the list need not exist.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export const isTypeScript = (source: Source): boolean => source.path.endsWith('.ts');
export const isScript = (source: Source): boolean => /\.(ts|mjs|cjs)$/.test(source.path);
export const isSpec = (source: Source): boolean => source.path.endsWith('.spec.ts');

export function parse(source: Source): ts.SourceFile {
  return ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
}

/** Every node of the tree, parents before children. */
export function* nodesOf(root: ts.Node): Generator<ts.Node> {
  yield root;
  for (const child of root.getChildren()) yield* nodesOf(child);
}

export function findingAt(file: ts.SourceFile, node: ts.Node, message: string): Finding {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  return { path: file.fileName, line: line + 1, message };
}

/** One line per finding, as editors and terminals make it clickable. */
export const format = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ path, line, message }) => `${path}:${line} ${message}`);
