import { compile } from '../types/compiler.js';
import { examplesOf } from './examples.js';
import { readRepository } from './source.js';

/** What `strict` does not ask of a user, an example need not keep; it need not use all it shows. */
const AS_EXAMPLE = {
  exactOptionalPropertyTypes: false,
  noPropertyAccessFromIndexSignature: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
};

const DOCUMENTATION = /^(README\.md|docs\/.*\.md|sample\/.*README\.md|lib\/.*\.ts)$/;

describe('The examples of the documentation', () => {
  const examples = readRepository()
    .filter(({ path }) => DOCUMENTATION.test(path))
    .flatMap(examplesOf);
  const complaints = compile(examples, AS_EXAMPLE);

  it.each(examples.map(({ title, path }) => [title, path]))('compile: %s', (_title, path) => {
    expect(complaints.get(path)).toEqual([]);
  });

  it('begin in the README', () => {
    expect(examples.map(({ title }) => title)).toContainEqual(
      expect.stringMatching(/^README\.md:/),
    );
  });
});

describe('An example', () => {
  const see = (text: string) => examplesOf({ path: 'docs/a.md', text });

  it('is found with its place', () => {
    expect(see('# A\n\n```ts\nconst a = 1;\n```\n\n```ts\nconst b = 1;\n```\n')).toEqual([
      { title: 'docs/a.md:4', path: '.cache/examples/docs-a-md-4.ts', text: 'const a = 1;\n' },
      { title: 'docs/a.md:8', path: '.cache/examples/docs-a-md-8.ts', text: 'const b = 1;\n' },
    ]);
  });

  it('is left out when it asks for it, or is no TypeScript', () => {
    expect(see('```ts no-check\nconst a = 1;\n```\n```sh\nls\n```\n')).toEqual([]);
  });

  it('is found in a docstring, without the stars', () => {
    const docstring = '/**\n * @example\n * ```ts\n * const a = 1;\n *\n * use(a);\n * ```\n */';

    expect(see(docstring)).toEqual([
      expect.objectContaining({ title: 'docs/a.md:4', text: 'const a = 1;\n\nuse(a);\n' }),
    ]);
  });

  it('that does not compile is refused', () => {
    const [example] = see("```ts\nimport { nothing } from '@nestjs/common';\n```\n");

    expect(compile([example!], AS_EXAMPLE).get(example!.path)).toEqual([
      expect.stringContaining('TS2305'),
    ]);
  });
});
