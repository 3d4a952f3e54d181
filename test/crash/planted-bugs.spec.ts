import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PLANTED_BUGS } from './planted-bugs.js';

const LIB = join(__dirname, '../../lib');

const edits = Object.entries(PLANTED_BUGS).flatMap(([name, parts]) =>
  parts.map(({ file, find }) => ({ name, file, find })),
);

describe('bugs that the crash tests plant', () => {
  it.each(edits)('$name has one place in $file', ({ file, find }) => {
    const source = readFileSync(join(LIB, file.replace(/\.js$/, '.ts')), 'utf8');

    expect(source.split(find)).toHaveLength(2);
  });
});
