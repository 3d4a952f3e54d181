import { resolve } from 'node:path';

import { HELP, parseOptions, UsageError } from '../../../sample/01-quickstart/options.js';

describe('the options of the quickstart', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({
      resume: false,
      json: false,
      remote: false,
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
      remote: false,
      help: false,
      concurrency: 4,
      data: '/tmp/x',
    });
  });

  it('ask for processes of their own', () => {
    expect(parseOptions(['--remote'])).toMatchObject({ remote: true });
    expect(parseOptions(['--remote'])).not.toHaveProperty('chaos');
  });

  it.each(['coordinator', 'services'])('ask for processes to kill with --chaos %s', (chaos) => {
    expect(parseOptions(['--chaos', chaos])).toMatchObject({ remote: true, chaos });
  });

  it.each([
    [['--imput', 'x'], "Unknown option '--imput'"],
    [['x.csv'], "Unexpected argument 'x.csv'"],
    [['--input'], "Option '--input <value>' argument missing"],
    [['--concurrency', '0'], '--concurrency is 1 to 64, not 0.'],
    [['--concurrency', 'many'], '--concurrency is 1 to 64, not many.'],
    [['--chaos', 'everything'], '--chaos is coordinator or services, not everything.'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('are all in the help', () => {
    const names = 'input resume json concurrency data remote chaos help'.split(' ');
    for (const name of names) {
      expect(HELP).toContain(`--${name}`);
    }
  });
});
