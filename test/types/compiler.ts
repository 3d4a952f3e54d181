import { join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = process.cwd();

/** A file that need not exist: its path from the root decides how its imports resolve. */
export interface Snippet {
  readonly path: string;
  readonly text: string;
}

/** What the compiler says about one file, one line each: `path:line TS1234 message`. */
export type Complaints = readonly string[];

/**
 * Compiles files with the options of tsconfig.json, all in one program, and emits nothing.
 *
 * @returns the complaints by the path that was asked for
 */
export function compile(
  files: readonly (string | Snippet)[],
  overrides: ts.CompilerOptions = {},
): ReadonlyMap<string, Complaints> {
  const paths = files.map((file) => (typeof file === 'string' ? file : file.path));
  const program = createProgram(paths, files.filter(isSnippet), overrides);
  return new Map(paths.map((path) => [path, complaintsAbout(program, path)]));
}

const isSnippet = (file: string | Snippet): file is Snippet => typeof file !== 'string';

/** A program over files of the repository, as `tsc -p tsconfig.json` would see them. */
export function createProgram(
  paths: readonly string[],
  snippets: readonly Snippet[] = [],
  overrides: ts.CompilerOptions = {},
): ts.Program {
  const options = { ...readOptions(), ...overrides };
  const host = ts.createCompilerHost(options, true);
  const texts = new Map(snippets.map(({ path, text }) => [join(ROOT, path), text]));
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = texts.get(file);
    return text === undefined
      ? getSourceFile(file, language, ...rest)
      : ts.createSourceFile(file, text, language, true);
  };
  return ts.createProgram(
    paths.map((path) => join(ROOT, path)),
    options,
    host,
  );
}

function readOptions(): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) =>
    ts.sys.readFile(file),
  ) as { config: object; error?: ts.Diagnostic };
  if (error !== undefined) throw new Error(textOf(error));
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  delete options.tsBuildInfoFile;
  return { ...options, incremental: false };
}

function complaintsAbout(program: ts.Program, path: string): Complaints {
  const file = program.getSourceFile(join(ROOT, path));
  if (file === undefined) throw new Error(`${path} is not part of the program`);
  return ts.getPreEmitDiagnostics(program, file).map((diagnostic) => {
    const at = diagnostic.file ?? file;
    const { line } = at.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    return `${relative(ROOT, at.fileName)}:${line + 1} TS${diagnostic.code} ${textOf(diagnostic)}`;
  });
}

const textOf = (diagnostic: ts.Diagnostic): string =>
  ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
