import { ambientCalls } from './rules/ambient-calls.rule.js';
import { errorCodes } from './rules/error-codes.rule.js';
import { fileSize } from './rules/file-size.rule.js';
import { consoleCalls, notes } from './rules/leftovers.rule.js';
import { lineWidth } from './rules/line-width.rule.js';
import { assertionFree, duplicateTitles, focusedTests } from './rules/test-shape.rule.js';
import { format, readRepository, type Rule } from './source.js';

describe('The source of this repository', () => {
  const sources = readRepository();

  it.each<[string, Rule]>([
    ['has no line that is too wide', lineWidth],
    ['calls the outside world only in its adapters', ambientCalls],
    ['has no notes of unfinished work', notes],
    ['prints nothing from the library', consoleCalls],
    ['focuses no test', focusedTests],
    ['has unique test titles', duplicateTitles],
    ['expects something in every test file', assertionFree],
  ])('%s', (_title, rule) => {
    expect(format(sources.flatMap(rule))).toEqual([]);
  });

  it('documents every error code, and no other', () => {
    const errors = sources.filter(({ path }) => path.startsWith('lib/protocol/errors/'));
    const catalogue = sources.find(({ path }) => path === 'docs/errors.md');

    expect(errors).not.toEqual([]);
    expect(format(errorCodes(errors, catalogue ?? { path: 'docs/errors.md', text: '' }))).toEqual(
      [],
    );
  });

  it('is read as a whole', () => {
    const paths = sources.map(({ path }) => path);

    expect(paths).toEqual(expect.arrayContaining(['lib/index.ts', 'scripts/test.mjs']));
    expect(paths.filter((path) => /node_modules|(^|\/)dist\//.test(path))).toEqual([]);
  });
});

afterAll(() => {
  const long = format(readRepository().flatMap(fileSize));
  if (long.length > 0) console.info(`Long files, perhaps two ideas each:\n${long.join('\n')}`);
});
