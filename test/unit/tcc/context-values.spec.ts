import { BRANCH_DATA_LENGTH_MAX, TccContextError } from '../../../lib/protocol/index.js';
import { decodeValues, encodeValues } from '../../../lib/resource/tcc/context-values.js';

const ACTION = 'account.freeze';

const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1);

describe('Values of a TCC context', () => {
  it('come back as they were', () => {
    const values = { id: "o'hara", amount: 0.1, rows: [1, null, true], at: { city: '成都' } };

    expect(decodeValues(ACTION, encodeValues(ACTION, values))).toEqual(values);
  });

  it.each([
    ['a Date', new Date(0)],
    ['a bigint', 7n],
    ['undefined', undefined],
    ['not a number', NaN],
    ['a number without bounds', Infinity],
    ['a minus zero', -0],
    ['a function', () => 1],
    ['a Map', new Map()],
    ['an undefined in an array', [undefined]],
    ['a Date deep inside', { order: { at: new Date(0) } }],
    ['what is nested too deep', nested(40)],
  ])('are refused: %s', (_, value) => {
    expect(() => encodeValues(ACTION, { value })).toThrow(TccContextError);
  });

  it('are refused where they take more than a branch may bring along', () => {
    const value = 'x'.repeat(BRANCH_DATA_LENGTH_MAX);

    expect(() => encodeValues(ACTION, { value })).toThrow(TccContextError);
  });

  it.each([
    ['a prototype', '{"__proto__":{"isAdmin":true}}'],
    ['a prototype deep inside', '{"order":[{"constructor":{"prototype":{}}}]}'],
    ['no JSON', '{"amount":'],
    ['no object', '[1]'],
    ['nothing', 'null'],
    ['what is nested too deep', `{"value":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
    ['what is too long', `{"value":"${'x'.repeat(3 * BRANCH_DATA_LENGTH_MAX)}"}`],
  ])('that were kept are not read: %s', (_, text) => {
    expect(() => decodeValues(ACTION, text)).toThrow(TccContextError);
  });
});
