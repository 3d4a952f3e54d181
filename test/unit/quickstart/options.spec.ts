import { resolve } from 'node:path';

import { HELP, parseOptions, UsageError } from '../../../sample/01-quickstart/options.js';

describe('the options of the quickstart', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({
      resume: false,
      json: false,
      help: false,
      concurrency: 16,
      data: resolve('.dtx/quickstart'),
    });
  });

  it('are read', () => {
    const args = '--input my.csv --resume --json --concurrency 4 --data /tmp/x'.split(' ');

    expect(parseOptions(args)).toEqual({
      input: resolve('my.csv'),
      resume: true,
      json: true,
      help: false,
      concurrency: 4,
      data: '/tmp/x',
    });
  });

  it.each([
    [['--imput', 'x'], "Unknown option '--imput'"],
    [['x.csv'], "Unexpected argument 'x.csv'"],
    [['--input'], "Option '--input <value>' argument missing"],
    [['--concurrency', '0'], '--concurrency is 1 to 64, not 0.'],
    [['--concurrency', 'many'], '--concurrency is 1 to 64, not many.'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('are all in the help', () => {
    for (const name of ['input', 'resume', 'json', 'concurrency', 'data', 'help']) {
      expect(HELP).toContain(`--${name}`);
    }
  });
});
