import { TccContextError } from '../../../lib/protocol/index.js';
import { pickValues } from '../../../lib/resource/tcc/pick-values.js';
import type { TccParam } from '../../../lib/transaction/index.js';

const definition = (...params: TccParam[]) => ({
  name: 'account.freeze',
  confirm: 'take',
  cancel: 'free',
  params,
});

describe('Parameters of a try', () => {
  it('are picked by their place, whole or by a path into them', () => {
    const picks = definition(
      { index: 1, name: 'amount' },
      { index: 0, name: 'orderId', path: 'order.id' },
    );

    expect(pickValues(picks, [{ order: { id: 'o-1' } }, 7])).toEqual({
      amount: 7,
      orderId: 'o-1',
    });
  });

  it.each([
    ['a parameter that is missing', 'id', []],
    ['a path that leads nowhere', 'order.id', [{ order: {} }]],
    ['a path through nothing', 'order.id', [null]],
    ['what is inherited', 'constructor.name', [{}]],
    ['the prototype', '__proto__.x', [{}]],
  ])('are refused: %s', (_, path, args) => {
    expect(() => pickValues(definition({ index: 0, name: 'id', path }), args)).toThrow(
      TccContextError,
    );
  });
});
