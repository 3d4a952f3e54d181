import { parseOptions, UsageError } from '../../../sample/02-microservices/options.js';

describe('the command line of the microservices', () => {
  it('has defaults for everything', () => {
    expect(parseOptions([])).toEqual({
      orders: 300,
      concurrency: 16,
      transport: 'auto',
      json: false,
      help: false,
    });
  });

  it('takes numbers, a transport and flags', () => {
    const args = ['--orders', '40', '--concurrency', '4', '--transport', 'tcp', '--json'];
    expect(parseOptions(args)).toEqual({
      orders: 40,
      concurrency: 4,
      transport: 'tcp',
      json: true,
      help: false,
    });
  });

  it.each([
    [['--orders', '0'], '--orders is 1 to 10000, not 0.'],
    [['--concurrency', 'many'], '--concurrency is 1 to 64, not many.'],
    [['--transport', 'post'], '--transport is one of auto, redis, tcp, not post.'],
    [['--fast'], '--help'],
  ])('refuses %j', (args, text) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(text);
  });
});
