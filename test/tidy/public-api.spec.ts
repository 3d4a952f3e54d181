import { readFileSync } from 'node:fs';

import { createProgram, type Snippet } from '../types/compiler.js';
import { undocumentedExports } from './rules/public-api.rule.js';
import { format, ROOT } from './source.js';

/**
 * The sources of what package.json exports: `./dist/esm/x/index.d.ts` is made of `lib/x/index.ts`.
 */
const ENTRIES = Object.values(
  (
    JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
      exports: Record<string, { import?: { types: string } }>;
    }
  ).exports,
).flatMap(({ import: entry }) =>
  entry === undefined
    ? []
    : [entry.types.replace('./dist/esm/', 'lib/').replace(/\.d\.ts$/, '.ts')],
);

describe('The public names', () => {
  const program = createProgram(ENTRIES);

  it.each(ENTRIES)('of %s have a docstring with @publicApi', (entry) => {
    expect(format(undocumentedExports(program, [`${ROOT}/${entry}`]))).toEqual([]);
  });
});

describe('The rule about public names', () => {
  const documented = '/** Adds. @publicApi */\n';

  function see(...files: readonly string[]) {
    const snippets = files.map((text, index): Snippet => ({
      path: `lib/sample-${index}.ts`,
      text,
    }));
    const program = createProgram(['lib/sample-0.ts'], snippets, { types: [] });
    return format(undocumentedExports(program, [`${ROOT}/lib/sample-0.ts`]));
  }

  it('is content with a documented name', () => {
    expect(see(`${documented}export const a = 1;`)).toEqual([]);
  });

  it('finds a name without docstring', () => {
    expect(see('export const a = 1;')).toEqual([expect.stringContaining('a is exported')]);
  });

  it('finds a docstring without @publicApi', () => {
    expect(see('/** Adds. */\nexport const a = 1;')).toEqual([
      expect.stringContaining('lib/sample-0.ts:2 a is exported, but its docstring'),
    ]);
  });

  it('finds a docstring that consists of tags', () => {
    expect(see('/** @publicApi */\nexport class A {}')).toEqual([
      expect.stringContaining('no docstring'),
    ]);
  });

  it('follows re-exports to where the name is written', () => {
    expect(see("export * from './sample-1.js';", '\nexport interface A {}')).toEqual([
      expect.stringContaining('lib/sample-1.ts:2 A is exported'),
    ]);
  });
});
