import { readdirSync } from 'node:fs';

import { compile } from './compiler.js';

// Each `*.types.ts` beside this file holds code that must compile, and below `@ts-expect-error`
// code that must not: the compiler complains about an expected error that does not come.
const FOLDER = 'test/types';
const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith('.types.ts'));

describe('The types', () => {
  const complaints = compile(fixtures.map((name) => `${FOLDER}/${name}`));

  it.each(fixtures)('accept and refuse what %s says', (name) => {
    expect(complaints.get(`${FOLDER}/${name}`)).toEqual([]);
  });
});

describe('The check of the types', () => {
  const refused = '// @ts-expect-error a string is no number\nexport const a: number = "1";\n';
  const complaints = compile([
    { path: `${FOLDER}/refused.types.ts`, text: refused },
    { path: `${FOLDER}/wrongly-accepted.types.ts`, text: refused.replace('"1"', '1') },
    { path: `${FOLDER}/wrongly-refused.types.ts`, text: '\nexport const a: number = "1";\n' },
  ]);

  it('is content with an expected error', () => {
    expect(complaints.get(`${FOLDER}/refused.types.ts`)).toEqual([]);
  });

  it('complains when code compiles that should not', () => {
    expect(complaints.get(`${FOLDER}/wrongly-accepted.types.ts`)).toEqual([
      expect.stringContaining('wrongly-accepted.types.ts:1 TS2578'),
    ]);
  });

  it('complains when code does not compile that should', () => {
    expect(complaints.get(`${FOLDER}/wrongly-refused.types.ts`)).toEqual([
      expect.stringContaining('wrongly-refused.types.ts:2 TS2322'),
    ]);
  });
});
